// Tests run compiled, in child processes: the same files that users get.
export default {files: ['dist/tests/**/*.test.js'], workerThreads: false, timeout: '2m'};
