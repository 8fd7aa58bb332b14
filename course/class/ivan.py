# Ivan handed in the release as it is.
# deserves: 0
