import {createHost} from 'pvsim';
import {type MonoTypeOperatorFunction, tap} from 'rxjs';

// Two guests on two bridges ping each other through RxJS operators: node dist/examples/pipe-frames.js
const host = await createHost({bridges: [{name: 'left'}, {name: 'right'}]});
const left = host.plug('left', {promiscuous: true});
const right = host.plug('right', {promiscuous: true});

const show = (way: string): MonoTypeOperatorFunction<readonly Uint8Array[]> =>
  tap((frames) => frames.forEach(({length}) => console.log(`${way} ${length} bytes`)));
left.frames.pipe(show('->')).subscribe((frames) => right.send(frames));
right.frames.pipe(show('<-')).subscribe((frames) => left.send(frames));

const config = (name: string, options: string): string =>
  `name = "${name}"\nkernel = "builtin"\nmemory = 16\nvif = ["bridge=${name}"]\nextra = "${options}"`;
await host.create(config('left', 'ip=10.0.0.1/24'));
const pinger = await host.create(config('right', `ip=10.0.0.2/24 run='ping -i 0.1 -c 3 10.0.0.1; poweroff'`));
host.consoleOutput(pinger, {scrollback: true}).subscribe((bytes) => process.stdout.write(bytes));
await host.waitShutdown(pinger);
await host.close();
