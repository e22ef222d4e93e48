package zeebe

import "time"

// Result is what became of a job that was handed to this process.
type Result string

const (
	Completed Result = "completed"
	Failed    Result = "failed"
	BpmnError Result = "bpmn_error"
	// NoCommand: the handler wanted none, or the gateway knows the job no more.
	NoCommand Result = "no_command"
	// GivenBack: the process ended before the job did; it goes to another
	// worker with the same retries.
	GivenBack Result = "given_back"
	// Undelivered: the gateway could not be told; the job runs into its time-out.
	Undelivered Result = "undelivered"
)

// Observer is told what happens to jobs, for metrics. It is called by many
// goroutines at once and must not block. Completed, Failed and BpmnError count
// commands that the gateway accepted.
type Observer interface {
	// JobActivated is called when a job arrives.
	JobActivated(jobType string)
	// JobFinished is called once for each job that has arrived. took is the
	// time from the handler's start to the command's end.
	JobFinished(jobType string, result Result, took time.Duration)
	// CommandRetried is called before a command is sent again; code is why.
	CommandRetried(jobType, code string)
}

// noObserver is used where nobody watches.
type noObserver struct{}

func (noObserver) JobActivated(string)                       {}
func (noObserver) JobFinished(string, Result, time.Duration) {}
func (noObserver) CommandRetried(string, string)             {}
