from lyceum.core.errors import Conflict, Unavailable


class TrainingRuns(Conflict):
    code = "library.training_runs"
    title = "A training of recommendations is running."


class NoModel(Unavailable):
    code = "library.no_model"
    title = "No recommendations have been trained yet."


class NoBooks(Unavailable):
    code = "library.no_books"
    title = "There is no book that could be recommended."


class NoEarlierModel(Conflict):
    code = "library.no_earlier_model"
    title = "There is no earlier training to go back to."
