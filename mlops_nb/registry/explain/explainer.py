"""One place to ask a registered model why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MissingExtraError, NotFoundError, did_you_mean
from mlops_nb.registry import card, evidence
from mlops_nb.registry.explain import reasons as words
from mlops_nb.registry.explain.attribution import Attribution, attribution_of
from mlops_nb.registry.explain.counterfactual import MOST, Counterfactual, counterfactual
from mlops_nb.registry.explain.partial import Dependence, partial_dependence
from mlops_nb.registry.explain.simpler import Comparison, compare_with_simple
from mlops_nb.registry.importance import ends
from mlops_nb.registry.metrics import Array
from mlops_nb.registry.scoring import ScoringModel, load_model, require_columns
from mlops_nb.registry.versions import fact

if TYPE_CHECKING:
    import pandas as pd


def explain(
    reference: str, project: Project | None = None, *, allow_pickle: bool = False
) -> Explainer:
    """Load a registered version to ask it why.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry; that of the current folder by default.
    allow_pickle : bool, default=False
        Also load a version that was registered as a pickle, which runs the code inside.

    Returns
    -------
    Explainer
        With ``.reasons(rows)``, ``.counterfactual(row)``, ``.partial_dependence(column)`` …

    Raises
    ------
    NotFoundError
        There is no such version, or it has no evidence.
    """
    project = project or load_project()
    model = load_model(reference, project, allow_pickle=allow_pickle)
    measured = evidence.read_json(project, model.version, evidence.METRICS)
    rules = project.config
    return Explainer(
        model=model,
        holdout=evidence.read_table(project, model.version, evidence.HOLDOUT),
        label=str(fact(model.version, "label") or ""),
        importance=measured.get("importance", {}),
        keep=tuple(dict.fromkeys([*rules.explain.immutable, *rules.gates.fairness.columns])),
        project=project,
    )


@dataclass(kw_only=True)
class Explainer:
    """A registered version that can be asked why; made by :func:`explain`.

    Parameters
    ----------
    model : ScoringModel
        The version, loaded.
    holdout : DataFrame
        The labelled rows it was registered with: what is usual.
    label : str
        Their column of the truth.
    importance : mapping
        Permutation importance as measured at registration.
    keep : tuple of str
        Columns that no hint may ask to change.
    project : Project, optional
        Whose registry it is from; None: of none.
    """

    model: ScoringModel
    holdout: pd.DataFrame = field(repr=False)
    label: str
    importance: Mapping[str, Any] = field(repr=False)
    keep: tuple[str, ...]
    project: Project | None = field(default=None, repr=False)
    _attribution: Attribution | None = field(default=None, init=False, repr=False)

    @property
    def attribution(self) -> Attribution:
        """How contributions are told: method, unit and the base they start from."""
        if self._attribution is None:
            self._attribution = attribution_of(self.model, self.holdout[self.model.features])
        return self._attribution

    def contributions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return what each column contributes to each row's score.

        Parameters
        ----------
        rows : DataFrame
            At least the model's features.

        Returns
        -------
        DataFrame
            Indexed like `rows`: ``base``, then a column for each feature. Their sum is the score
            in the unit of :attr:`attribution`; of several classes it is that of the class that
            is predicted.
        """
        import pandas as pd

        parts = [
            pd.DataFrame(
                np.column_stack([base, values.T]),
                columns=["base", *self.model.features],
                index=part.index,
            )
            for part, base, values, _ in self._told(rows)
        ]
        columns = ["base", *self.model.features]
        return pd.concat(parts) if parts else pd.DataFrame(columns=columns, index=rows.index)

    def reasons(
        self, rows: pd.DataFrame, *, top: int = 3, toward: str = "either", details: bool = False
    ) -> pd.DataFrame:
        """Return the reasons of each row's score in words, to be written beside the predictions.

        Parameters
        ----------
        rows : DataFrame
            At least the model's features; any number of rows.
        top : int, default=3
            Reasons a row, the strongest first.
        toward : {"either", "decision"}, default="either"
            ``decision`` tells only what spoke for the decision that was made.
        details : bool, default=False
            Also ``reason_1_column``, ``reason_1_value``, ``reason_1_contribution`` and its
            ``reason_1_error`` (0 when exact), and so on.

        Returns
        -------
        DataFrame
            Indexed like `rows`: ``reason_1`` to ``reason_<top>``.

        Raises
        ------
        InputError
            An argument is out of range, or columns are missing.

        Examples
        --------
        >>> log.append(batch.join(scores).join(why.reasons(batch, top=3)), version=3)
        ... # doctest: +SKIP
        """
        import pandas as pd

        if top < 1:
            raise InputError(f"a row has at least one reason, not {top}")
        if toward not in words.TOWARD:
            raise InputError(f"there is no side {toward!r}", did_you_mean(toward, words.TOWARD))
        parts = [
            words.table(
                part,
                values,
                top=top,
                unit=self.attribution.unit,
                errors=errors,
                toward=self._sign(part) if toward == "decision" else None,
                details=details,
            )
            for part, _, values, errors in self._told(rows)
        ]
        return pd.concat(parts) if parts else pd.DataFrame(index=rows.index)

    def why(self, row: pd.Series | pd.DataFrame) -> list[words.Reason]:
        """Return all reasons of one row's score, the strongest first."""
        import pandas as pd

        frame = row.to_frame().T.infer_objects() if isinstance(row, pd.Series) else row
        if len(frame) != 1:
            raise InputError(f"one row is asked about here, not {len(frame)}", "reasons(rows)")
        (part, _, values, errors), *_ = self._told(frame)
        cells = [part[name].iloc[0] for name in self.model.features]
        return words.single(
            cells,
            self.model.features,
            values[:, 0],
            self.attribution.unit,
            None if errors is None else errors[:, 0],
        )

    def counterfactual(
        self, row: pd.Series | pd.DataFrame, *, keep: tuple[str, ...] = (), most: int = MOST
    ) -> Counterfactual | None:
        """Return the smallest change found that flips the decision on one row, None without one.

        Parameters
        ----------
        row : Series or DataFrame of one row
            What was decided on.
        keep : tuple of str, optional
            Columns that must not change, besides those of ``[tool.mlops.explain] immutable`` and
            of ``gates.fairness``.
        most : int, default=3
            Columns that may change at once.

        Raises
        ------
        NotFoundError
            A column to keep is no feature of the model.
        """
        for name in keep:
            if name not in self.model.features:
                raise NotFoundError(
                    f"{self.model.version.label} has no feature {name!r} to keep",
                    did_you_mean(name, self.model.features),
                )
        return counterfactual(self.model, row, self.holdout, keep={*self.keep, *keep}, most=most)

    def partial_dependence(self, column: str, *, output: str = "") -> Dependence:
        """Return how the mean score goes with one column, over rows of the hold-out."""
        return partial_dependence(self.model, self.holdout, column, output=output)

    def simpler(self, train: pd.DataFrame) -> list[Comparison]:
        """Return what the model gains over a linear and an additive one fitted on `train`.

        The answer goes into the version's card as well.

        Parameters
        ----------
        train : DataFrame
            The labelled rows that the model was fitted on.
        """
        found = compare_with_simple(self.model, train, self.holdout, self.label)
        if self.project is not None:
            facts = evidence.read_json(self.project, self.model.version, card.JSON)
            told = [comparison.to_dict() for comparison in found]
            card.write(self.project, self.model.version, {**facts, "simpler": told})
        return found

    def to_shap(self, rows: pd.DataFrame) -> Any:
        """Return the contributions as a ``shap.Explanation``, for the plots of that library.

        Raises
        ------
        MissingExtraError
            shap is not installed.
        """
        try:
            import shap
        except ModuleNotFoundError as error:
            raise MissingExtraError("shap", "explain") from error
        told = self.contributions(rows)
        return shap.Explanation(
            values=told[self.model.features].to_numpy(),
            base_values=told["base"].to_numpy(),
            data=rows[self.model.features].to_numpy(),
            feature_names=self.model.features,
        )

    def _told(self, rows: pd.DataFrame) -> Any:
        """Yield rows, base, contributions and errors of the output that each row is told of."""
        require_columns(rows, self.model.features, f"{self.model.version.label} needs")
        found = self.attribution
        for part, values, errors in found.values(rows[self.model.features]):
            if len(values) == 1:
                spread = None if errors is None else errors[0]
                yield part, np.full(len(part), found.base[0]), values[0], spread
                continue
            scores = found.base[:, None] + values.sum(axis=1)
            chosen = scores.argmax(axis=0)
            places = (chosen, slice(None), np.arange(len(part)))
            spread = None if errors is None else errors[places].T
            yield part, found.base[chosen], values[places].T, spread

    def _sign(self, part: pd.DataFrame) -> Array:
        """Return for each row which way its decision lies: up for yes and for several classes."""
        if self.model.task != "binary":
            return np.ones(len(part))
        from mlops_nb.registry.estimator import classes_of

        yes = classes_of(self.model.estimator)[1]
        return np.where(self.model.score(part)["prediction"].to_numpy() == yes, 1, -1)

    def __str__(self) -> str:
        found = self.attribution
        unit = f" {found.unit}" if found.unit else ""
        base = ", ".join(f"{value:.4g}" for value in found.base)
        lines = [
            f"{self.model.version.label}: {found.method}",
            f"contributions start from {base}{unit}",
        ]
        for item in self.importance.get("features", [])[:10]:
            low, high = ends(item)
            loss = f"{item['drop']:.4f} [{low:.4f}, {high:.4f}]"
            lines.append(f"  {item['feature']:24} {self.importance['metric']} loses {loss}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"
