export {benchLinux, type LinuxBench, type LinuxBenchOptions} from './linux-bench.ts';
export {formatLinux} from './linux-results.ts';
