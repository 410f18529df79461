"""The matplotlib backend of the page: ``plt.show()`` sends each figure to it as a PNG."""

import io

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg


class FigureManager(FigureManagerBase):
    """Shows all figures at once and closes them, as in a notebook."""

    @classmethod
    def pyplot_show(cls, *, block=None):
        """Send every open figure, in order."""
        import matplotlib.pyplot as plt
        import page_kernel

        for number in plt.get_fignums():
            picture = io.BytesIO()
            plt.figure(number).savefig(picture, format="png", bbox_inches="tight")
            page_kernel.emit("image", picture.getvalue())
        plt.close("all")


class FigureCanvas(FigureCanvasAgg):
    """Draws into memory."""

    manager_class = FigureManager
