package function

import gsql "github.com/dolthub/go-mysql-server/sql"

// frameFunction computes an aggregate over frames of a partition.
type frameFunction interface {
	start(ctx *gsql.Context, interval gsql.WindowInterval, buffer gsql.WindowBuffer) error
	compute(ctx *gsql.Context, interval gsql.WindowInterval, buffer gsql.WindowBuffer) (any, error)
}

// NewWindowFunction implements gsql.WindowAdaptableExpression.
func (a *aggregate) NewWindowFunction() (gsql.WindowFunction, error) {
	own, err := a.own()
	if err != nil {
		return nil, err
	}
	w := &windowFunction{aggregate: own, frames: &bufferedFrames{aggregate: own}}
	if own.kind.window != nil {
		w.frames = own.kind.window(own)
	}
	window := own.window
	if window != nil && own.kind.unframed {
		unframed := *window
		unframed.Frame = nil
		window = &unframed
	}
	w.framer = framesOf(window)
	return w, nil
}

// windowFunction is an aggregate over the frames of a window.
type windowFunction struct {
	aggregate *aggregate
	framer    gsql.WindowFramer
	frames    frameFunction
}

// Dispose implements gsql.Disposable.
func (w *windowFunction) Dispose() { w.aggregate.dispose() }

// DefaultFramer implements gsql.WindowFunction.
func (w *windowFunction) DefaultFramer() gsql.WindowFramer { return w.framer }

// StartPartition implements gsql.WindowFunction.
func (w *windowFunction) StartPartition(ctx *gsql.Context, interval gsql.WindowInterval, buffer gsql.WindowBuffer) error {
	w.Dispose()
	return w.frames.start(ctx, interval, buffer)
}

// Compute implements gsql.WindowFunction. The interface has no way for an error but as a value.
func (w *windowFunction) Compute(ctx *gsql.Context, interval gsql.WindowInterval, buffer gsql.WindowBuffer) any {
	v, err := w.frames.compute(ctx, interval, buffer)
	if err != nil {
		return err
	}
	return v
}

// bufferedFrames computes frames with a buffer, which goes on as long as the frames only grow.
type bufferedFrames struct {
	aggregate *aggregate
	running   gsql.AggregationBuffer
	frame     gsql.WindowInterval
}

func (f *bufferedFrames) start(*gsql.Context, gsql.WindowInterval, gsql.WindowBuffer) error {
	f.running = nil
	return nil
}

func (f *bufferedFrames) compute(ctx *gsql.Context, interval gsql.WindowInterval, buffer gsql.WindowBuffer) (any, error) {
	if f.running == nil || interval.Start != f.frame.Start || interval.End < f.frame.End {
		f.running = f.aggregate.kind.buffer(f.aggregate)
		f.frame = gsql.WindowInterval{Start: interval.Start, End: interval.Start}
	}
	for i := f.frame.End; i < interval.End; i++ {
		if err := f.running.Update(ctx, buffer[i]); err != nil {
			return nil, err
		}
	}
	f.frame = interval
	return f.running.Eval(ctx)
}
