"""Credentials are found, and never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.secrets import MASK, find_secrets, mask

# Put together here, so that no scanner takes this file for a leak.
LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9n"
SECRETS = {
    "AWS access key": "AKIA" + "QZ5WNE7RTYUPLKMJ",
    "GitHub token": "ghp_" + LETTERS[:36],
    "GitLab token": "glpat-" + LETTERS[:20],
    "Slack token": "xoxb-" + "2048571936-" + LETTERS[:24],
    "Stripe key": "sk_live_" + LETTERS[:24],
    "OpenAI key": "sk-proj-" + LETTERS + LETTERS[:8],
    "Anthropic key": "sk-ant-" + LETTERS,
    "Hugging Face token": "hf_" + "QbCdRfGhIjKlMnOpQrStUvWxYzAqWsEdRf",
    "Google API key": "AIza" + LETTERS[:35],
    "Databricks token": "dapi" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "JSON web token": "eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:20] + "." + LETTERS[:20],
    "npm token": "npm_" + LETTERS[:36],
    "AWS temporary access key": "ASIA" + "QZ5WNE7RTYUPLKMJ",
    "Groq key": "gsk_" + LETTERS + LETTERS[:12],
    "Replicate token": "r8_" + LETTERS[:37],
    "LangSmith key": "lsv2_pt_" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0" + "_" + "0f1e2d3c4b",
    "Google OAuth token": "ya29." + LETTERS,
    "Google client secret": "GOCSPX-" + LETTERS[:28],
    "PyPI token": "pypi-AgE" + "IcHlwaS5vcmc" + LETTERS + LETTERS,
    "Docker token": "dckr_pat_" + LETTERS[:27],
    "SendGrid key": "SG." + LETTERS[:22] + "." + (LETTERS + LETTERS)[:43],
    "Twilio key": "SK" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "Mailgun key": "key-" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "Mailchimp key": "0f1e2d3c4b5a69788796a5b4c3d2e1f0" + "-us12",
    "DigitalOcean token": "dop_v1_" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2,
    "Grafana token": "glsa_" + LETTERS[:32] + "_0f1e2d3c",
    "Vault token": "hvs." + LETTERS * 3,
    "Telegram bot token": "123498765:AA" + LETTERS[:33],
}


@pytest.mark.parametrize("kind", SECRETS)
def test_the_formats_of_providers_are_found(kind: str) -> None:
    text = f"client = connect('{SECRETS[kind]}')"
    (match,) = find_secrets(text)
    assert match.kind == kind
    assert text[match.start : match.end] == SECRETS[kind]
    assert SECRETS[kind] not in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "password = 'tk3Xq9Lw7ZpR4vB2'",
        '{"api_key": "9f8d7c6b5a4e3f2d1c0b"}',
        "os.environ['API_KEY'] = 'tk3Xq9Lw7ZpR4vB2'",
        "%env MY_TOKEN=tk3Xq9Lw7ZpR4vB2",
        "export DB_PASSWORD=tk3Xq9Lw7ZpR4vB2\nls",
        "url = 'postgresql://ada:tk3Xq9Lw7Zp@db.local/x'",
        "pip install --index-url https://ci:tk3Xq9Lw7Zp@pypi.corp/simple x",
        "Server=db.corp;Database=x;User Id=ada;Password=tk3Xq9Lw7Zp;",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + (LETTERS * 3)[:86] + "==",
        "Endpoint=sb://x.net/;SharedAccessKey=" + (LETTERS * 2)[:43] + "=",
        "https://x.blob.core.net/a?sv=2024&sig=" + (LETTERS * 2)[:43] + "%3D",
        "https://hooks.slack.com/services/T0AB1CD2E/B0AB1CD2E/" + LETTERS[:24],
        "https://discord.com/api/webhooks/112233445566778899/" + (LETTERS * 2)[:68],
        "headers = {'Authorization': 'Bearer " + LETTERS + "'}",
        "headers = {'Authorization': 'Basic " + LETTERS[:30] + "=='}",
        "curl -s -u ada:tk3Xq9Lw7Zp https://api.corp/x",
        '{"username": "ada", "key": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}',
        "client_secret = 'a1B8Q~" + LETTERS[:32] + "'",
        "-----BEGIN RSA PRIVATE KEY-----\n" + LETTERS * 4 + "\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_values_under_a_credentials_name_are_found(text: str) -> None:
    assert len(find_secrets(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "tokenizer_name = 'bert-base-uncased-2024'",
        "token_pattern = r'(?u)\\b\\w\\w+\\b12345'",
        "password = 'your-password-1234'",
        "password = getpass('Password: ')",
        "api_key = os.environ['OPENAI_API_KEY']",
        "key = 'AKIAIOSFODNN7EXAMPLE'",
        "secret = '<insert your secret here 1>'",
        "url = f'https://{user}:{password}@host'",
        "see https://example.com/a:b",
        "sort_key = 'departure_delay_2013'",
        "token='****************'",
        "secrets = ['not', 'one']",
        "Server=db;User Id=ada;Password={password};",
        "headers = {'Authorization': f'Bearer {token}'}",
        "a_very_long_name_of_a_function_with_2_numbers = token_count",
        "https://user@host.org/path:1234567",
        "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "curl -u ada:$PASSWORD https://api.corp/x",
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert find_secrets(text) == []
    assert mask(text) == text


@given(st.text(max_size=40), st.sampled_from(sorted(SECRETS.values())), st.text(max_size=40))
def test_the_mask_never_holds_the_secret(before: str, secret: str, after: str) -> None:
    text = f"{before} {secret} {after}"
    masked = mask(text)
    assert secret not in masked
    assert MASK in masked
    assert all(match.masked == MASK for match in find_secrets(text))


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask(text)
    assert mask(once) == once
