using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Torch;

public class DisposalTests
{
    [Fact]
    public void A_scope_disposes_what_was_made_in_it()
    {
        Tensor inner, moved, detached;
        using (var outer = NewDisposeScope())
        {
            using (var scope = NewDisposeScope())
            {
                inner = ones(2);
                moved = (inner + 1).MoveToOuterDisposeScope();
                detached = (inner + 2).DetachFromDisposeScope();
                Assert.Equal(1, scope.DisposablesCount);
                Assert.True(scope.Contains(inner));
            }
            Assert.True(inner.IsInvalid);
            Assert.False(moved.IsInvalid);
            Assert.True(outer.Contains(moved));
        }
        Assert.True(moved.IsInvalid);
        Assert.False(detached.IsInvalid);
        detached.Dispose();
    }

    [Fact]
    public void A_scope_moves_several_at_once_and_keeps_what_it_is_told_to()
    {
        using var outer = NewDisposeScope();
        var inner = NewDisposeScope();
        var (a, b) = (ones(1), ones(1));
        var (x, y) = inner.MoveToOuter(a, b);
        Assert.Same(a, x);
        Assert.Same(b, y);
        var (c, d) = (ones(1), ones(1));
        inner.DisposeEverythingBut(d);
        Assert.True(c.IsInvalid);
        Assert.False(d.IsInvalid);
        inner.Detach(d);
        inner.Dispose();
        Assert.False(a.IsInvalid);
        Assert.False(d.IsInvalid);
        outer.Attach(d);
        Assert.Equal(3, outer.DisposablesCount);
    }

    [Fact]
    public void Statistics_count_what_happens_to_tensors()
    {
        var statistics = DisposeScopeManager.Statistics;
        statistics.Reset();
        var outside = ones(1);
        using (NewDisposeScope())
        {
            _ = ones(1);
            _ = ones(1);
            ones(1).DetachFromDisposeScope().Dispose();
        }
        Assert.Equal(1, statistics.CreatedOutsideScopeCount);
        Assert.Equal(3, statistics.CreatedInScopeCount);
        Assert.Equal(2, statistics.DisposedInScopeCount);
        Assert.Equal(1, statistics.DisposedOutsideScopeCount);
        Assert.Equal(1, statistics.DetachedFromScopeCount);
        Assert.Equal(1, statistics.ThreadTotalLiveCount);
        outside.Dispose();
        Assert.Equal(0, statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_wrapped_expression_keeps_its_result_only()
    {
        using var scope = NewDisposeScope();
        var result = WrappedTensorDisposeScope(() => ones(2) + ones(2) * 3);
        Close.To([4, 4], result);
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void A_forgotten_tensor_is_freed_by_the_finaliser()
    {
        var weak = Forget();
        for (int i = 0; i < 5 && weak.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.False(weak.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Forget() => new(ones(2));
    }

    [Fact]
    public void A_view_outlives_the_tensor_it_looks_into()
    {
        var x = arange(6);
        using var view = x.view(2, 3);
        x.Dispose();
        Close.To([0, 1, 2, 3, 4, 5], view);
    }

    [Fact]
    public void Scopes_belong_to_their_thread()
    {
        using var scope = NewDisposeScope();
        Tensor? other = null;
        var thread = new Thread(() => other = ones(1));
        thread.Start();
        thread.Join();
        Assert.Equal(0, scope.DisposablesCount);
        other!.Dispose();
    }
}
