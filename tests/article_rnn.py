"""The article's class `RNN`, word for word, with only its two faults mended.

`forward_step`, which the article calls, is written; and the output keeps its row, without ``[0]``,
so that it has the same rank as `y`.
"""

import numpy as np

from rnn_lib import T, theano


class RNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size

        self.Wxh = theano.shared(np.random.randn(hidden_size, input_size) * 0.01)  # noqa: NPY002
        self.Whh = theano.shared(np.random.randn(hidden_size, hidden_size) * 0.01)  # noqa: NPY002
        self.Why = theano.shared(np.random.randn(output_size, hidden_size) * 0.01)  # noqa: NPY002
        self.bh = theano.shared(np.zeros(hidden_size))
        self.by = theano.shared(np.zeros(output_size))

        self.params = [self.Wxh, self.Whh, self.Why, self.bh, self.by]

        # Define the input and output variables
        self.x = T.matrix("x")
        self.y = T.matrix("y")

    def forward_step(self, x_t, h_prev):
        return T.tanh(T.dot(self.Wxh, x_t) + T.dot(self.Whh, h_prev) + self.bh)

    def train(self, input_sequence, target_sequence, learning_rate=0.1, num_epochs=100):
        x = self.x
        y = self.y

        # Forward Propagation
        hidden_state, _ = theano.scan(
            fn=self.forward_step, sequences=[x], outputs_info=[T.zeros(self.hidden_size)]
        )

        output = T.nnet.softmax(T.dot(self.Why, hidden_state[-1]) + self.by)

        # Loss function
        loss = T.nnet.categorical_crossentropy(output, y).mean()

        # Backpropagation
        grads = T.grad(loss, self.params)
        updates = [
            (param_i, param_i - learning_rate * grad_i)
            for param_i, grad_i in zip(self.params, grads)
        ]

        # Compile the training function
        train_fn = theano.function(
            inputs=[x, y], outputs=[loss], updates=updates, allow_input_downcast=True
        )

        # Train the model
        for epoch in range(num_epochs):
            loss = train_fn(input_sequence, target_sequence)
            print(f"Epoch {epoch + 1}/{num_epochs}, Loss: {loss}")

    def predict(self, input_sequence):
        x = self.x

        # Forward Propagation
        hidden_state, _ = theano.scan(
            fn=self.forward_step, sequences=[x], outputs_info=[T.zeros(self.hidden_size)]
        )

        output = T.nnet.softmax(T.dot(self.Why, hidden_state[-1]) + self.by)

        # Compile the prediction function
        predict_fn = theano.function(inputs=[x], outputs=[output], allow_input_downcast=True)

        # Run the model on input sequence
        prediction = predict_fn(input_sequence)
        return np.argmax(prediction)
