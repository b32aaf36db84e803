"""How late the load itself was, apart from how late the system made it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def own_lag_ns(requests: NDArray[np.void]) -> NDArray[np.int64]:
    """Of each request that was sent (dtype REQUEST): from when it could have been sent to when it was.

    It could be sent when it was due and its virtual user was free. A request that waits because the system has not
    answered the one before it is late by the system's doing.
    """
    sent = requests[requests["sent_ns"] > 0]
    sent = sent[np.lexsort((sent["sent_ns"], sent["session"]))]
    free_ns = np.zeros(len(sent), np.int64)
    same_session = sent["session"][1:] == sent["session"][:-1]
    free_ns[1:][same_session] = sent["done_ns"][:-1][same_session]
    return np.asarray(sent["sent_ns"] - np.maximum(sent["scheduled_ns"], free_ns))
