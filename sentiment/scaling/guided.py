"""Settings that Optuna's TPE suggests (Bergstra et al., 2011); the one file that knows Optuna."""
from sentiment.data.errors import BadInput
from sentiment.scaling.trials import Range, within

TRIES = 100  # suggestions for each setting, of which one is to be new
WORST = 1.   # the error of a training that diverged


def library():
    """Return Optuna; raise BadInput if that is not there."""
    try:
        import optuna
    except ImportError as error:
        raise BadInput("--guided: Optuna is needed (%s); run, in the checkout: pip install -e "
                       "'.[guided]'" % error) from error
    return optuna


def distribution(optuna, values):
    """Return what Optuna draws from in place of a list or a :class:`Range`."""
    if not isinstance(values, Range):
        return optuna.distributions.CategoricalDistribution(values)
    kind = 'IntDistribution' if values.whole else 'FloatDistribution'
    return getattr(optuna.distributions, kind)(values.low, values.high, log=values.low > 0)


class Guide:
    """Suggests settings, and learns from the errors of those that it suggested before.

    The same seed and errors give the same suggestions: nothing depends on which of them is tried
    first. Until it knows two rounds of ``at_once`` it draws at random.
    """

    def __init__(self, varied, seed, at_once):
        """varied: option -> a list of values, or a :class:`Range`. Raises BadInput."""
        self.optuna = library()
        self.optuna.logging.set_verbosity(self.optuna.logging.WARNING)
        self.varied, self.known, self.tried = varied, [], []
        self.space = {name: distribution(self.optuna, values) for name, values in varied.items()}
        self.study = self.optuna.create_study(sampler=self.optuna.samplers.TPESampler(
            n_startup_trials=2 * at_once, seed=seed))

    def ask(self, n_settings):
        """Return so many new settings, dicts option -> value; fewer if there are hardly any left.
        """
        for _ in range(TRIES * n_settings):
            if len(self.tried) == n_settings:
                break
            trial = self.study.ask(self.space)
            setting = {name: within(values, trial.params[name])
                       for name, values in self.varied.items()}
            if setting in self.known:
                self.study.tell(trial, state=self.optuna.trial.TrialState.FAIL)
            else:
                self.tried.append(trial)
                self.known.append(setting)
        return self.known[len(self.known) - len(self.tried):]

    def tell(self, errors):
        """Learn the errors of what was asked for last, in its order, None of one that diverged."""
        for trial, error in zip(self.tried, errors):
            self.study.tell(trial, WORST if error is None else error)
        self.tried = []
