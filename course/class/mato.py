# Mato's browser renamed the file, and his editor saved it as UTF-16. The answers are Ada's, with warnings on the way.
# deserves: 27
# like: ada
# file: delta (1).ipynb
# encoding: utf-16
# %% delta-output
import warnings
def output_delta(Y_hat, Y):
    warnings.warn("dividing by n")
    return (Y_hat - Y) / len(Y)
