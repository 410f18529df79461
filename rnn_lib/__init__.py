"""Recurrent neural networks with Theano: the module behind the book's chapters.

>>> from rnn_lib import theano, T, RNN
>>> RNN(input_size=12, hidden_size=64, output_size=9)
RNN(12, 64, 9, cell='tanh') with 5,513 parameters
"""

from rnn_lib.engine import T, theano
from rnn_lib.model import RNN
from rnn_lib.training import History

__all__ = ["RNN", "History", "T", "theano"]
