"""What a chip computes from a .kmodel file: the memories, the KPU's arithmetic and the CPU layers."""
