// torch's generator and its count of live tensors are the process's own: a test that seeds or counts must not have another beside it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
