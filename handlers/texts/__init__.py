"""Every sentence that people read, as functions with keyword arguments; `golden_texts.txt` shows each one."""

from handlers.texts.answering import *  # noqa: F403
from handlers.texts.casework import *  # noqa: F403
from handlers.texts.charts import *  # noqa: F403
from handlers.texts.citizen import *  # noqa: F403
from handlers.texts.common import *  # noqa: F403
from handlers.texts.digest import *  # noqa: F403
from handlers.texts.directives import *  # noqa: F403
from handlers.texts.duplicates import *  # noqa: F403
from handlers.texts.explaining import *  # noqa: F403
from handlers.texts.exports import *  # noqa: F403
from handlers.texts.figures import *  # noqa: F403
from handlers.texts.groups import *  # noqa: F403
from handlers.texts.learning import *  # noqa: F403
from handlers.texts.looking_ahead import *  # noqa: F403
from handlers.texts.officials import *  # noqa: F403
from handlers.texts.operators import *  # noqa: F403
from handlers.texts.people import *  # noqa: F403
from handlers.texts.questions import *  # noqa: F403
from handlers.texts.reminding import *  # noqa: F403
from handlers.texts.reopening import *  # noqa: F403
from handlers.texts.reorganising import *  # noqa: F403
from handlers.texts.rules import *  # noqa: F403
from handlers.texts.searching import *  # noqa: F403
from handlers.texts.splitting import *  # noqa: F403
from handlers.texts.supporting import *  # noqa: F403
from handlers.texts.templates import *  # noqa: F403
