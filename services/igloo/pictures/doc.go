// Package pictures draws what Igloo tells of itself: a trace as a waterfall, and the
// panels of a dashboard with what Prometheus answered to their expressions.
//
// It promises that what is drawn is what was told, at its scale, and that an
// expression which was answered with nothing is named. Its test draws both from a run
// of both services under load.
package pictures
