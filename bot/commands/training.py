"""`train`: a new model from the corpus, and from what people corrected."""

import argparse
from pathlib import Path
from typing import Any

from bot.commands.opening import progress


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    train = commands.add_parser("train", help="build a new model, and use it unless it is worse")
    train.add_argument(
        "--ship", action="store_true", help="rebuild the shipped model from the corpus alone; no database"
    )
    train.add_argument("--output", type=Path, help="where --ship writes the model; default: the shipped file")
    train.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> int:
    """Build the shipped model and write it."""
    return _ship(arguments)


def _ship(arguments: argparse.Namespace) -> int:
    from routing.training import train
    from routing.understanding import MODEL_FILE

    trained = train(follow=lambda made: progress(made, "training texts"))
    trained.model.save(arguments.output or MODEL_FILE)
    print(
        f"model {trained.model.version}: {trained.example_count} texts,"
        f" {len(trained.model.vocabulary)} features"
    )
    for name, accuracy in trained.held_out_accuracy.items():
        print(f"{name}: {accuracy:.3f} on lines held out of the corpus")
    return 0
