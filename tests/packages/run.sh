#!/usr/bin/env bash
# What a stranger does with the packages, from packages alone: the first example of every package's readme, two silos on PostgreSQL,
# a sampler under the contract suite, and the installed tool. Argument: the folder that `autopeft pack` filled. The last line counts the checks.
set -euo pipefail

packages=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(basename "$(ls "$packages"/AutoPeft.Peft.*.nupkg)" .nupkg | sed 's/^AutoPeft\.Peft\.//')
work=$(mktemp -d "${TMPDIR:-/tmp}/autopeft-packages-XXXXXX")
trap '[ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"' EXIT
cd "$work"

feeds=$(dotnet nuget list source | sed -n 's/^ *[0-9]*\.  *\(.*\) \[Enabled\]$/\1/p')

# Ours come from the folder and from nowhere else; an empty package folder, so that no older build of the same version is taken.
export NUGET_FALLBACK_PACKAGES=${NUGET_PACKAGES:-$HOME/.nuget/packages} NUGET_PACKAGES=$work/nuget
{
    echo "<configuration><packageSources><add key=\"packed\" value=\"$packages\" /></packageSources><packageSourceMapping>"
    echo '<packageSource key="packed"><package pattern="AutoPeft" /><package pattern="AutoPeft.*" /></packageSource>'
    sed 's|.*|<packageSource key="&"><package pattern="*" /></packageSource>|' <<<"$feeds"
    echo '</packageSourceMapping></configuration>'
} >nuget.config

project() { # name, kind of program, packages...
    local name=$1 kind=$2; shift 2
    mkdir -p "$name"
    {
        echo '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings>'
        echo "<Nullable>enable</Nullable><OutputType>$kind</OutputType><TreatWarningsAsErrors>true</TreatWarningsAsErrors>"
        # One platform's native libraries, and links to them.
        echo '<UseCurrentRuntimeIdentifier>true</UseCurrentRuntimeIdentifier>'
        echo '<CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible></PropertyGroup><ItemGroup>'
        for package in "$@"; do echo "<PackageReference Include=\"${package%@*}\" Version=\"${package#*@}\" />"; done
        echo '</ItemGroup></Project>'
    } >"$name/$name.csproj"
}

readme() { awk '/^```csharp$/ { on = 1; next } /^```$/ && on { exit } on' "$root/$1/README.md"; }

torch=$(sed -n 's/.*<TorchSharpVersion>\(.*\)<.*/\1/p' "$root/Directory.Packages.props")
version_of() { sed -n "s/.*Include=\"$1\" Version=\"\([^\"]*\)\".*/\1/p" "$root/Directory.Packages.props"; }
for room in AutoPeft AutoPeft.Parquet AutoPeft.Orleans AutoPeft.Scaling AutoPeft.LanguageModels AutoPeft.Dashboard AutoPeft.Peft AutoPeft.Parametrization; do
    name=Try${room#AutoPeft.}
    [ $name = TryPeft ] && torch_package=TorchSharp-cpu@$torch || torch_package=
    # AutoPeft.Peft finds libtorch's companions where the system's are too old.
    [ $name = TryParametrization ] && torch_package="TorchSharp-cpu@$torch AutoPeft.Peft@$version"
    project "$name" Exe "$room@$version" $torch_package
    readme "src/$room" >"$name/Program.cs"
done
[ -f "$packages/AutoPeft.MLNet.$version.nupkg" ] && project TryMLNet Exe "AutoPeft.MLNet@$version" && readme src/AutoPeft.MLNet >TryMLNet/Program.cs

# TorchSharp before AutoPeft.Peft: libtorch must be found all the same.
project TryTorchFirst Exe "AutoPeft.Peft@$version" "TorchSharp-cpu@$torch"
echo 'System.Console.WriteLine($"sum {TorchSharp.torch.ones(3).sum().item<float>()}, {nameof(AutoPeft.Peft.Adapters.PeftPlan)}");' \
    >TryTorchFirst/Program.cs

project TryContract Library "AutoPeft.TestKit@$version" "Microsoft.NET.Test.Sdk@$(version_of Microsoft.NET.Test.Sdk)" \
    "xunit@$(version_of xunit)" "xunit.runner.visualstudio@$(version_of xunit.runner.visualstudio)"
readme tests/AutoPeft.TestKit >TryContract/Contract.cs

postgres=$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -1 || true)
if [ -n "$postgres" ]; then
    project TryTwoSilos Exe "AutoPeft.Orleans@$version" "AutoPeft.Postgres@$version" "AutoPeft.TestKit@$version"
    cp "$root/tests/packages/TwoSilos.cs" TryTwoSilos/
fi

echo '<Solution>' >All.slnx
for p in */*.csproj; do echo "<Project Path=\"$p\" />" >>All.slnx; done
echo '</Solution>' >>All.slnx
dotnet build All.slnx -c Release -v q --nologo -clp:NoSummary || { echo "the programs do not build from the packages" >&2; exit 1; }

passed=0 failed=0 skipped=0
check() { # what, pattern of the output, command...
    local what=$1 pattern=$2; shift 2
    if "$@" >output 2>&1 && grep -Eq "$pattern" output; then
        passed=$((passed + 1)); echo "  passed: $what"
    else
        failed=$((failed + 1)); echo "  FAILED: $what; expected a line like /$pattern/, got:"; tail -15 output | sed 's/^/    /'
    fi
}
run() { (cd "$1" && dotnet "bin/Release/net10.0/$(ls bin/Release/net10.0)/$1.dll"); }

lines=$(grep -c . TryAutoPeft/Program.cs)
check "the repository's readme begins with the same example" '^yes$' bash -c "$(declare -f readme); root=$root; diff <(readme .) <(readme src/AutoPeft) && echo yes"
check "a first front takes at most 12 lines ($lines)" '^yes$' bash -c "[ $lines -le 12 ] && echo yes"
check "a sweep with a typed space" 'LearningRate = .*: error [0-9.]+' run TryAutoPeft
check "a LoRA training" 'lora r8 qv: [0-9]+ parameters, dev [0-9.]+, test [0-9.]+' run TryPeft
check "the adapter that it saved" 'adapter.*safetensors' ls TryPeft/adapter
check "TorchSharp used before AutoPeft.Peft" '^sum 3, PeftPlan$' run TryTorchFirst
check "muP for a model of one's own" '^hidden.weight +hidden' run TryParametrization
check "a sweep on a silo in the process" '^30 trials, best [0-9.]+' run TryOrleans
check "tables" 'pareto.parquet$' run TryParquet
check "a scaling law" '0\.3[34]' run TryScaling
check "a sweep beside a language model that is away" 'LearningRate = ' env LLM_ENDPOINT=http://127.0.0.1:9/v1 bash -c "$(declare -f run); run TryLanguageModels"
check "the dashboard's page" '^The page is there' run TryDashboard
[ -d TryMLNet ] && check "an ML.NET experiment" '^[0-9.]+$' run TryMLNet
check "the contract suite" 'Passed!.*Failed: +0' dotnet test TryContract -c Release --no-build --nologo
if [ -d TryTwoSilos ]; then
    check "two silos on PostgreSQL" '^30 trials on 2 silos$' run TryTwoSilos
else
    skipped=$((skipped + 1)); echo "  skipped: two silos, since PostgreSQL is not installed"
fi

check "the tool installs" 'successfully installed' dotnet tool install AutoPeft.Cli --tool-path tools --version "$version"
check "the tool sweeps" '^10 completed of 10 trials' tools/autopeft sweep function:branin-currin --trials 10 --out runs/first
check "the tool finds its libtorch" 'libtorch [0-9.]+ of .*tools' tools/autopeft doctor
check "the tool trains" 'dev' tools/autopeft train --plan "lora r8 qv" --task "polarity;train=100;dev=50;test=50" --model TryPeft/base --epochs 1

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
