import {ConsoleDaemon} from '../../../backends/console/index.ts';
import {HvcConsole} from '../../../frontends/console/index.ts';
import type {ConsolesUnderTest} from './console.ts';

export const ownConsoles: ConsolesUnderTest = {
  frontend: ({ops, onInput}) => {
    const device = HvcConsole.connect(ops);
    device?.input.subscribe(onInput);
    return device;
  },
  backend: ({ops, xs, onOutput}) => {
    const daemon = new ConsoleDaemon({ops, xs, log: onOutput, ttyPath: (domid) => `/dev/pts/${domid}`});
    daemon.start();
    return {
      write: (domid, bytes) => daemon.write(domid, bytes),
      kept: (domid) => daemon.guest(domid)?.scrollback.length ?? 0,
    };
  },
};
