/**
 * Told to the model when it connects. Claude Code cuts instructions at 2 KB, so all of it must fit.
 */
export const instructions = `ML Research Benchmark (mlrb): you are a contestant. You get a machine-learning task, a sandbox and a clock; you hand in a Hugging Face model; the server scores it where you cannot reach.

How a run goes:
1. list_tasks, then read_task for one of them. Nothing runs yet.
2. start_run starts the clock and tells the workspace, the data path and the deadline. One run at a time.
3. Work: run_bash and run_python start programs in the workspace; write_code, replace_code, insert_code, delete_code, read_code and list_files handle files. Paths are absolute or relative to the workspace.
4. A program that takes longer than wait_s (45 s at most 50) goes on as a job: the answer has a job_id and a cursor; call job_wait with both. Never start the same program again because a call came back early.
5. Keep a model that loads in the folder "submission" from early on: what lies there at the deadline is handed in by the clock.
6. submit_model checks the folder. Refused: it says every reason and the run goes on. Accepted: the run is over and is scored.
7. get_result tells the outcome and the scores, and until then how far scoring is.

Every answer tells the time left. Long output is cut; the whole is in the file that is named. scratchpad keeps notes that survive the loss of your context; run_status tells where you stand at any time. An error says what to do next.`;
