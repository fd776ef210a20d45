/** Every header that has a file here: for printing, checking and looking names up. Drivers import the files themselves. */
import * as cpuid from './arch-x86/cpuid.ts';
import * as startInfo from './arch-x86/hvm/start-info.ts';
import * as archXenX8632 from './arch-x86/xen-x86-32.ts';
import * as archXenX8664 from './arch-x86/xen-x86-64.ts';
import * as archXen from './arch-x86/xen.ts';
import * as argo from './argo.ts';
import * as callback from './callback.ts';
import * as elfnote from './elfnote.ts';
import * as errno from './errno.ts';
import * as eventChannel from './event-channel.ts';
import * as features from './features.ts';
import * as grantTable from './grant-table.ts';
import * as dmOp from './hvm/dm-op.ts';
import * as e820 from './hvm/e820.ts';
import * as hvmInfoTable from './hvm/hvm-info-table.ts';
import * as hvmOp from './hvm/hvm-op.ts';
import * as hvmVcpu from './hvm/hvm-vcpu.ts';
import * as hvmXsStrings from './hvm/hvm-xs-strings.ts';
import * as ioreq from './hvm/ioreq.ts';
import * as params from './hvm/params.ts';
import * as hypfs from './hypfs.ts';
import * as p9fs from './io/9pfs.ts';
import * as blkif from './io/blkif.ts';
import * as cameraif from './io/cameraif.ts';
import * as console from './io/console.ts';
import * as displif from './io/displif.ts';
import * as fbif from './io/fbif.ts';
import * as fsif from './io/fsif.ts';
import * as kbdif from './io/kbdif.ts';
import * as libxenvchan from './io/libxenvchan.ts';
import * as netif from './io/netif.ts';
import * as pciif from './io/pciif.ts';
import * as protocols from './io/protocols.ts';
import * as pvcalls from './io/pvcalls.ts';
import * as ring from './io/ring.ts';
import * as sndif from './io/sndif.ts';
import * as tpmif from './io/tpmif.ts';
import * as usbif from './io/usbif.ts';
import * as vscsiif from './io/vscsiif.ts';
import * as xenbus from './io/xenbus.ts';
import * as xsWire from './io/xs-wire.ts';
import * as memory from './memory.ts';
import * as nmi from './nmi.ts';
import * as physdev from './physdev.ts';
import * as sched from './sched.ts';
import * as vcpu from './vcpu.ts';
import * as version from './version.ts';
import * as vmEvent from './vm-event.ts';
import * as xenCompat from './xen-compat.ts';
import * as xen from './xen.ts';

/** What each header defines, by its path below the public headers: structs, scalar types, rings and constants by name. */
export const HEADERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'arch-x86/cpuid.h': cpuid,
  'arch-x86/hvm/start_info.h': startInfo,
  'arch-x86/xen-x86_32.h': archXenX8632,
  'arch-x86/xen-x86_64.h': archXenX8664,
  'arch-x86/xen.h': archXen,
  'argo.h': argo,
  'callback.h': callback,
  'elfnote.h': elfnote,
  'errno.h': errno,
  'event_channel.h': eventChannel,
  'features.h': features,
  'grant_table.h': grantTable,
  'hvm/dm_op.h': dmOp,
  'hvm/e820.h': e820,
  'hvm/hvm_info_table.h': hvmInfoTable,
  'hvm/hvm_op.h': hvmOp,
  'hvm/hvm_vcpu.h': hvmVcpu,
  'hvm/hvm_xs_strings.h': hvmXsStrings,
  'hvm/ioreq.h': ioreq,
  'hvm/params.h': params,
  'hypfs.h': hypfs,
  'io/9pfs.h': p9fs,
  'io/blkif.h': blkif,
  'io/cameraif.h': cameraif,
  'io/console.h': console,
  'io/displif.h': displif,
  'io/fbif.h': fbif,
  'io/fsif.h': fsif,
  'io/kbdif.h': kbdif,
  'io/libxenvchan.h': libxenvchan,
  'io/netif.h': netif,
  'io/pciif.h': pciif,
  'io/protocols.h': protocols,
  'io/pvcalls.h': pvcalls,
  'io/ring.h': ring,
  'io/sndif.h': sndif,
  'io/tpmif.h': tpmif,
  'io/usbif.h': usbif,
  'io/vscsiif.h': vscsiif,
  'io/xenbus.h': xenbus,
  'io/xs_wire.h': xsWire,
  'memory.h': memory,
  'nmi.h': nmi,
  'physdev.h': physdev,
  'sched.h': sched,
  'vcpu.h': vcpu,
  'version.h': version,
  'vm_event.h': vmEvent,
  'xen-compat.h': xenCompat,
  'xen.h': xen,
};
