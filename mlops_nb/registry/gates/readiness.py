"""Gates on what stands around a version: reproduction, data, the business, who watches it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from mlops_nb.registry.gates.case import Case, gate
from mlops_nb.result import Result, Status, worst

LOCKED = "locked"
"""What ``reproduce.json`` calls an environment made anew from the run's own packages."""


@gate
def reproduced(case: Case) -> list[Result]:
    """Demand that the run came out the same in a clean environment, once."""
    if not case.rules.reproduced:
        return []
    answer = partial(Result, name="gate.reproduced", subject=case.version.label)
    again = f"mlops run reproduce {case.version.run_id[:12]} --env {LOCKED}"
    found = case.reproduced()
    if found is None:
        return [
            answer(
                status=Status.FAILED,
                message="its run was never made again in a clean environment",
                advice=again,
            )
        ]
    verdict, environment = found.get("verdict"), found.get("environment")
    passed = verdict == "reproduced" and environment == LOCKED
    message = f"its run, made again in its own packages: {verdict}"
    if environment != LOCKED:
        message = f"its run was last made again in the {environment} environment, not a clean one"
    causes = [str(cause.get("text", cause)) for cause in found.get("causes", ())]
    return [
        answer(
            status=Status.PASSED if passed else Status.FAILED,
            message=f"{message}: {causes[0]}" if causes and not passed else message,
            advice="" if passed else f"take the cause away, then: {again}",
            evidence={"verdict": verdict, "environment": environment},
        )
    ]


@gate
def contract(case: Case) -> list[Result]:
    """Demand that the rows it was measured on keep to its data contract."""
    if not case.rules.contract:
        return []
    results = case.contract()
    broken = _failed(results)
    first = f"{broken[0].subject}: {broken[0].message}" if broken else ""
    more = f"; and {len(broken) - 1} more" if len(broken) > 1 else ""
    return [
        Result(
            name="gate.contract",
            subject=case.version.label,
            status=Status.FAILED if broken else worst(results),
            value=float(len(broken)),
            threshold=0.0,
            window="hold-out",
            message=f"{first}{more}"
            if broken
            else f"the hold-out keeps to {len(results)} rules of the data contract",
            advice=broken[0].advice if broken else "",
        )
    ]


@gate
def business(case: Case) -> Iterator[Result]:
    """Demand figures of the business as good as ``gates.business`` says, surely."""
    for name, demanded in case.rules.business.items():
        answer = partial(Result, name="gate.business", subject=name, window="hold-out")
        if case.champion is None:
            yield answer(
                status=Status.NOT_APPLICABLE, message="there is no other champion to compare with"
            )
            continue
        gain = case.business(name)
        passed = gain.low > demanded
        yield answer(
            status=Status.PASSED if passed else Status.FAILED,
            value=gain.gain,
            threshold=demanded,
            message=f"{name} is {gain.challenger:,.6g} against {gain.champion:,.6g} of "
            f"{case.champion.label} on {gain.rows:,} rows: better by {gain.gain:+,.4g}, above "
            f"{gain.low:+,.4g} with {gain.confidence:.0%} confidence; more than {demanded:g} was "
            "asked for",
            advice=""
            if passed
            else "keep the champion, or bear a loss: a bound below 0 in gates.business",
            evidence={
                "challenger": gain.challenger,
                "champion": gain.champion,
                "champion_version": case.champion.version,
                "low": gain.low,
                "high": gain.high,
                "certainty": gain.certainty,
            },
        )


@gate
def launch(case: Case) -> Sequence[Result]:
    """Demand that it is watched from its first day: monitor, alerts, playbook."""
    return case.launch() if case.rules.launch_ready else []


def _failed(results: Sequence[Result]) -> list[Result]:
    return [r for r in results if r.status in (Status.FAILED, Status.ERROR)]
