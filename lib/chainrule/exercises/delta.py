"""The δ recursion: how the slope of the loss at one layer becomes the slope at the layer before."""
from chainrule.exercises import exercise


def output_layer(rng, n, widths, scale):
    """Ŷ and Y of an output layer, (n, d)."""
    d = widths[-1]
    return {"Y_hat": scale * rng.normal(size=(n, d)), "Y": rng.normal(size=(n, d))}


@exercise("delta.output", points=2, returns={"delta": "(n, d_out)"}, cites=("ECE417-30",), inputs=output_layer,
          minutes=10, praise="The 2 cancels the half, the mean over n examples stays.")
def output(Y_hat, Y):
    return (Y_hat - Y) / len(Y)


@output.misconception("the 1/n is missing",
                      hint="The loss is a mean over n examples. Where does that n go in its slope?",
                      closer="Nudge one entry of Ŷ: how many of the n terms of the mean move?")
def lost_mean(Y_hat, Y):
    return Y_hat - Y
