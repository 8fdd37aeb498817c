"""The pure heart of the protocol: decoding, order, time, merging, verdicts. No I/O; the instant is a parameter."""
