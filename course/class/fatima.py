# Fatima turns W the wrong way round in tasks 4, 5 and 6, which only a square W lets through.
# deserves: 20
# like: ada
# %% delta-hidden
def hidden_delta(delta_next, W, H):
    return (delta_next @ W) * H * (1 - H)
# %% delta-hidden_columns
def hidden_delta_columns(Delta_next, W, Xi):
    H = sigmoid(Xi)
    return (W @ Delta_next) * H * (1 - H)
# %% delta-hidden_lfd
def hidden_delta_lfd(delta_next, W, x):
    return (1 - x**2) * (W.T @ delta_next)
