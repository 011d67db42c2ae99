"""The network opened into neurons: what each one computes, what connects them, what the whole decides."""
