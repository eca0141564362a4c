#!/usr/bin/env bash
# Writes the public API of every library into its PublicAPI files, as the compiler sees it now: new members are added to PublicAPI.Unshipped.txt, and what is gone leaves both files.
# Argument: the log of a build that had -p:TreatWarningsAsErrors=false; without one the libraries are built.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log=${1:-$(mktemp)}
if [ $# -eq 0 ]; then
    dotnet build "$root/src/AutoPeft.Cli" -c Release -v q --nologo --no-incremental -p:TreatWarningsAsErrors=false >"$log" \
        || { grep -m5 error "$log"; exit 1; }
fi
python3 - "$root" "$log" <<'PYTHON'
import collections, pathlib, re, sys
root, log = map(pathlib.Path, sys.argv[1:])
new, gone = collections.defaultdict(set), collections.defaultdict(set)
for line in log.read_text().splitlines():
    found = re.search(r"(RS0016|RS0017): Symbol '(.*)' is (?:not )?part of the declared .*\[(.*)/[^/]*\.csproj\]", line)
    if found: (new if found[1] == "RS0016" else gone)[pathlib.Path(found[3])].add(found[2])
for room in sorted(new.keys() | gone.keys()):
    for file in (room / "PublicAPI.Shipped.txt", room / "PublicAPI.Unshipped.txt"):
        symbols = {s for s in file.read_text().splitlines()[1:] if s} - gone[room]
        if file.name == "PublicAPI.Unshipped.txt": symbols |= new[room]
        file.write_text("\n".join(["#nullable enable", *sorted(symbols)]) + "\n")
    print(f"{room.relative_to(root)}: {len(new[room])} added, {len(gone[room])} removed")
PYTHON
