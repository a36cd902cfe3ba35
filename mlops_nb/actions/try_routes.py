"""Try routes: send a test message by the alert routes, and keep what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_nb.config import Project
from mlops_nb.jobs.alerts import Message
from mlops_nb.jobs.routes import deliver
from mlops_nb.state.route_tests import record_tests


def try_routes(project: Project, routes: Sequence[str] = ()) -> dict[str, str]:
    """Send a test message by some routes, or by all of them.

    Parameters
    ----------
    project : Project
        Whose routes.
    routes : sequence of str, optional
        Their names; all by default.

    Returns
    -------
    dict of str to str
        Route → what kept the message from it, empty when it was delivered.

    Raises
    ------
    NotFoundError
        There is no route of that name.
    """
    message = Message(
        title=f"{project.experiment}: test of the alert routes",
        body="Nothing is wrong: this message shows that alerts arrive here.",
    )
    problems = deliver(project, message, routes)
    record_tests(project, problems)
    return problems
