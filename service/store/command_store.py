"""The one writer: decides a batch of commands and writes state, inbox and outbox in one transaction.

The number of statements depends on the kinds of things the batch touches, never on how many commands it has.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from service.clock import Clock
from service.contract.envelope import Received, Undecodable
from service.contract.message import Message
from service.contract.topics import Topics
from service.core.batch import decide_batch
from service.core.command import Command
from service.core.decision import Decision, Repeat
from service.core.world import World
from service.failpoint import reach
from service.settings import Settings
from service.store.batch_write import Answers, Known, write_answers
from service.store.batch_mark import Marks
from service.store.errors import translated
from service.store.outbox_store import discard, fresh, scan_outbox
from service.store.pool import Connection, connect
from service.store.publishing import Publishing
