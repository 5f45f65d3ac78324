"""The attacks, by theme. Each one is a coroutine function with a Target that returns what the attacker got."""
