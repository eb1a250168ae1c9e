"""Microsoft's own clients, as they are, against the simulator: what they accept, our client may rely on."""
