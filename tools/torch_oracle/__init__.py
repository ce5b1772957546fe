"""The same mathematics as glassnet's, said in PyTorch, and the cases in which the two are compared."""
