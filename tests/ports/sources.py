"""sources.py: the source packages of the ports, from the Debian mirrors that this machine installs from. apt-get checks
what it fetches; it is kept under build/ports and fetched once. The tree holds none of it."""

import glob
import os
import subprocess
import tarfile

TIMEOUT = 120


class Missing(Exception):
    """The sources cannot be had here, and why."""


def command(folder, *words):
    """Runs apt-get with source lists and state of its own."""
    options = {"Dir::Etc::sourcelist": f"{folder}/sources.list", "Dir::Etc::sourceparts": "-",
               "Dir::State::lists": f"{folder}/lists", "Dir::Cache": f"{folder}/cache", "APT::Sandbox::User": ""}
    line = ["apt-get", "-q", *(part for name, value in options.items() for part in ("-o", f"{name}={value}")), *words]
    try:
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"apt-get {words[0]}: {error}") from None
    if done.returncode:
        raise Missing(f"apt-get {' '.join(words)}: {done.stderr.strip()[-300:]}")


def lists(folder):
    """Makes the lists of source packages of the Debian repositories that packages come from."""
    form = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)"
    try:
        text = subprocess.run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"], capture_output=True,
                              text=True, timeout=TIMEOUT, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"apt-get indextargets: {error}") from None
    rows = dict.fromkeys(tuple(line.split()[:3]) for line in text.splitlines() if line.split()[3:] == ["Debian"])
    if not rows:
        raise Missing("no Debian repository is set up here")
    for part in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
    with open(os.path.join(folder, "sources.list"), "w", encoding="ascii") as file:
        file.writelines(f"deb-src {' '.join(row)}\n" for row in rows)
    command(folder, "update")
    open(os.path.join(folder, "lists", "made"), "w", encoding="ascii").close()


def unpacked(folder, package):
    """The folder with the package's sources as their authors made them."""
    place = os.path.join(folder, package)
    if not os.path.isdir(place):
        if not os.path.exists(os.path.join(folder, "lists", "made")):
            lists(folder)
        command(folder, "source", "--download-only", package)
        archives = [path for path in glob.glob(os.path.join(folder, f"{package}_*.tar.*")) if ".debian.tar." not in path]
        if len(archives) != 1:
            raise Missing(f"{package}: {len(archives)} archives of sources")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(place + ".new")
        os.rename(place + ".new", place)
    inside = os.listdir(place)
    return os.path.join(place, inside[0]) if len(inside) == 1 else place
