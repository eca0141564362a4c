using AutoPeft.Catalogs;

namespace AutoPeft.Tests.Scheduling;

public class SchedulerCatalogTests
{
    [Theory]
    [InlineData("none"), InlineData("asha"), InlineData("asha:min=1,eta=3,max=9,metric=dev_score"),
        InlineData(" hyperband : max = 27 , min = 3 "), InlineData("halving:cohort=27"), InlineData("median")]
    [InlineData("percentile:keep=25"), InlineData("patience:reports=2,min-delta=1e-3"), InlineData("threshold:metric=train_loss,upper=3"),
        InlineData("wilcoxon:p=0.05,min=5"), InlineData("curve:p=0.01,mode=stop"), InlineData("curve:risk=0.1,by=curve")]
    [InlineData("asha:metric=gradient_norm,direction=minimize"), InlineData("asha:metric=dev_score+loss,value=last")]
    public void What_people_type_makes_the_scheduler_of_that_name(string text) =>
    Assert.Contains(SchedulerCatalog.Create(text).Name, SchedulerCatalog.Names);

    [Theory]
    [InlineData("hyperbnd", "there are none, asha")]
    [InlineData("none:min=1", "takes none")]
    [InlineData("asha:etta=3", "no option 'etta'; it takes min, eta, max, mode, metric, direction, value")]
    [InlineData("asha:eta=1", "option 'eta' is '1'; it takes a whole number from 2")]
    [InlineData("asha:min=0", "whole number from 1")]
    [InlineData("asha:min=1.5", "whole number from 1")]
    [InlineData("asha:min=9,max=9", "max (9) has to be above min (9)")]
    [InlineData("asha:eta", "'eta' is no option")]
    [InlineData("asha:eta=3,eta=4", "stands twice")]
    [InlineData("asha:direction=maximize", "name that too")]
    [InlineData("asha:metric=a,direction=up", "minimize or maximize")]
    [InlineData("asha:mode=halt", "pause or stop")]
    [InlineData("hyperband", "needs max")]
    [InlineData("halving:cohort=2", "smaller than eta")]
    [InlineData("median:keep=25", "no option 'keep'")]
    [InlineData("percentile:keep=100", "between 0 and 100")]
    [InlineData("patience:min-delta=-1", "a number from 0")]
    [InlineData("threshold:upper=1", "'metric' is missing")]
    [InlineData("threshold:metric=loss", "neither upper nor lower")]
    [InlineData("threshold:metric=loss,upper=1,lower=2", "below its lower one")]
    [InlineData("wilcoxon:p=1", "between 0 and 1")]
    [InlineData("curve:p=NaN", "between 0 and 1")]
    [InlineData("curve:risk=0", "a number above 0")]
    [InlineData("curve:by=luck", "all or curve")]
    [InlineData("", "There is no scheduler ''")]
    public void A_scheduler_that_makes_no_sense_is_refused_with_what_is_allowed(string text, string says)
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => SchedulerCatalog.Create(text));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
