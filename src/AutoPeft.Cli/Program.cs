using System.CommandLine;
using System.CommandLine.Help;
using AutoPeft.Cli.Commands;
using AutoPeft.Cli.Terminal;

VisibleConsole.Install();

// Not a RootCommand: that takes its name from the assembly, and people type autopeft.
static Command Root() => new("autopeft", "Searches configurations of transformers: declare a space, get the Pareto front.")
{
    new HelpOption { Recursive = true },
    new VersionOption(),
    DemoCommand.Create(),
    PretrainCommand.Create(),
    TrainCommand.Create(),
    LanguageModelCommand.Create(), GenerateCommand.Create(),
    SweepCommand.Create(),
    ResumeCommand.Create(), AuditCommand.Create(), RepairCommand.Create(),
    FrontCommand.Create(),
    ReportCommand.Create(),
    FinalCommand.Create(), ExportCommand.Create(),
    TransferCommand.Create(),
    ImportanceCommand.Create(),
    WinnerCommand.Create(),
    CompareCommand.Create(), TasksCommand.Create(),
    FitCommand.Create(),
    PredictCommand.Create(),
    MupCommand.Create(), LawCommand.Create(),
    DashboardCommand.Create(),
    SlurmCommand.Create(),
    DoctorCommand.Create(),
    AskTellCommand.Create(),
    WorkerCommand.Create(),
    StudiesCommand.Create(),
};
return await CommandLine.RunAsync(Root, args).ConfigureAwait(false);
