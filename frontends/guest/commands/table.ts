import {arpCommand} from './arp.ts';
import {catCommand} from './cat.ts';
import type {Command} from './command.ts';
import {crashCommand} from './crash.ts';
import {ddCommand} from './dd.ts';
import {dmesgCommand} from './dmesg.ts';
import {echoCommand} from './echo.ts';
import {freeCommand} from './free.ts';
import {helpCommand} from './help.ts';
import {hexdumpCommand} from './hexdump.ts';
import {historyCommand} from './history.ts';
import {hostnameCommand} from './hostname.ts';
import {ifconfigCommand} from './ifconfig.ts';
import {ipCommand} from './ip.ts';
import {iperf3Command} from './iperf3.ts';
import {lsblkCommand} from './lsblk.ts';
import {lsscsiCommand} from './lsscsi.ts';
import {mtCommand} from './mt.ts';
import {mtxCommand} from './mtx.ts';
import {ncCommand} from './nc.ts';
import {netstatCommand} from './netstat.ts';
import {ping6Command, pingCommand} from './ping.ts';
import {haltCommand, poweroffCommand, rebootCommand} from './power.ts';
import {sgInqCommand} from './sg-inq.ts';
import {sgReadcapCommand} from './sg-readcap.ts';
import {sha256sumCommand} from './sha256sum.ts';
import {sleepCommand} from './sleep.ts';
import {spinCommand} from './spin.ts';
import {tarCommand} from './tar.ts';
import {falseCommand, trueCommand} from './true-false.ts';
import {uptimeCommand} from './uptime.ts';
import {wgetCommand} from './wget.ts';
import {xenstoreListCommand} from './xenstore-list.ts';
import {xenstoreLsCommand} from './xenstore-ls.ts';
import {xenstoreReadCommand} from './xenstore-read.ts';
import {xenstoreRmCommand} from './xenstore-rm.ts';
import {xenstoreWatchCommand} from './xenstore-watch.ts';
import {xenstoreWriteCommand} from './xenstore-write.ts';

const list: readonly Command[] = [
  arpCommand,
  catCommand,
  crashCommand,
  ddCommand,
  dmesgCommand,
  echoCommand,
  falseCommand,
  freeCommand,
  haltCommand,
  helpCommand,
  hexdumpCommand,
  historyCommand,
  hostnameCommand,
  ifconfigCommand,
  ipCommand,
  iperf3Command,
  lsblkCommand,
  lsscsiCommand,
  mtCommand,
  mtxCommand,
  ncCommand,
  netstatCommand,
  pingCommand,
  ping6Command,
  poweroffCommand,
  rebootCommand,
  sgInqCommand,
  sgReadcapCommand,
  sha256sumCommand,
  sleepCommand,
  spinCommand,
  tarCommand,
  trueCommand,
  uptimeCommand,
  wgetCommand,
  xenstoreListCommand,
  xenstoreLsCommand,
  xenstoreReadCommand,
  xenstoreRmCommand,
  xenstoreWatchCommand,
  xenstoreWriteCommand,
];

/** Every command of the shell, by name. */
export const commandTable: ReadonlyMap<string, Command> = new Map(list.map((command) => [command.name, command]));
