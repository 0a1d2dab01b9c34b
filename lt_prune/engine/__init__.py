"""Training and prediction of networks: devices, schedule, the loop, checkpoints."""
