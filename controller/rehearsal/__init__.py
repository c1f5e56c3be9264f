"""The real thing on made-up time: a scratch copy of the data, and the demo's day."""
