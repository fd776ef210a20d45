import {workerData} from 'node:worker_threads';

/** Of a thread beside an implementation: ends the process that has taken more memory, wherever it took it. */
const LOOK_MS = 50;

setInterval(() => {
  if (process.memoryUsage.rss() > (workerData as number)) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
