"""The parts of the test bench; `bench` is the only face."""
