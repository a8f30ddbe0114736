"""An ordinary disk in place of a quick one: every fsync of a program takes some milliseconds longer.

A few lines of C stand before the C library's own calls (LD_PRELOAD); that needs a compiler.
"""

import shutil
import subprocess
from pathlib import Path

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_longer(void) {
  const char *given = getenv("SLOW_DISK_MICROSECONDS");
  if (given) usleep((useconds_t)atoi(given));
}
int fsync(int file) {
  static int (*own)(int);
  if (!own) own = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  wait_longer();
  return own(file);
}
int fdatasync(int file) {
  static int (*own)(int);
  if (!own) own = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  wait_longer();
  return own(file);
}
"""


def environment(folder: Path, milliseconds: float) -> dict[str, str]:
    """Return what makes a program's disk slower by so much. Raises SystemExit without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit(
            "a slower disk needs a C compiler (cc) on PATH; leave it out with --without 'ms more'"
        )
    library = folder / "slow_disk.so"
    if not library.exists():
        source = folder / "slow_disk.c"
        source.write_text(SOURCE)
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True
        )
    return {"LD_PRELOAD": str(library), "SLOW_DISK_MICROSECONDS": str(int(milliseconds * 1000))}
