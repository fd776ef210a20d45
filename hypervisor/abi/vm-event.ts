/**
 * Events about a guest for an introspecting domain.
 * @see vm_event.h
 */
import {bits, inlineStruct, inlineUnion, struct, typedef, uint16_t, uint32_t, uint64_t, uint8_t} from './ctype.ts';
import {ringTypes} from './io/ring.ts';

export const VM_EVENT_INTERFACE_VERSION = 0x00000007;
export const VM_EVENT_FLAG_VCPU_PAUSED = 1 << 0;
export const VM_EVENT_FLAG_FOREIGN = 1 << 1;
export const VM_EVENT_FLAG_EMULATE = 1 << 2;
export const VM_EVENT_FLAG_EMULATE_NOWRITE = 1 << 3;
export const VM_EVENT_FLAG_TOGGLE_SINGLESTEP = 1 << 4;
export const VM_EVENT_FLAG_SET_EMUL_READ_DATA = 1 << 5;
export const VM_EVENT_FLAG_DENY = 1 << 6;
export const VM_EVENT_FLAG_ALTERNATE_P2M = 1 << 7;
export const VM_EVENT_FLAG_SET_REGISTERS = 1 << 8;
export const VM_EVENT_FLAG_SET_EMUL_INSN_DATA = 1 << 9;
export const VM_EVENT_FLAG_GET_NEXT_INTERRUPT = 1 << 10;
export const VM_EVENT_FLAG_FAST_SINGLESTEP = 1 << 11;
export const VM_EVENT_FLAG_NESTED_P2M = 1 << 12;
export const VM_EVENT_FLAG_RESET_VMTRACE = 1 << 13;
export const VM_EVENT_FLAG_RESET_FORK_STATE = 1 << 14;
export const VM_EVENT_FLAG_RESET_FORK_MEMORY = 1 << 15;
export const VM_EVENT_REASON_UNKNOWN = 0;
export const VM_EVENT_REASON_MEM_ACCESS = 1;
export const VM_EVENT_REASON_MEM_SHARING = 2;
export const VM_EVENT_REASON_MEM_PAGING = 3;
export const VM_EVENT_REASON_WRITE_CTRLREG = 4;
export const VM_EVENT_REASON_MOV_TO_MSR = 5;
export const VM_EVENT_REASON_SOFTWARE_BREAKPOINT = 6;
export const VM_EVENT_REASON_SINGLESTEP = 7;
export const VM_EVENT_REASON_GUEST_REQUEST = 8;
export const VM_EVENT_REASON_DEBUG_EXCEPTION = 9;
export const VM_EVENT_REASON_CPUID = 10;
export const VM_EVENT_REASON_PRIVILEGED_CALL = 11;
export const VM_EVENT_REASON_INTERRUPT = 12;
export const VM_EVENT_REASON_DESCRIPTOR_ACCESS = 13;
export const VM_EVENT_REASON_EMUL_UNIMPLEMENTED = 14;
export const VM_EVENT_REASON_VMEXIT = 15;
export const VM_EVENT_X86_CR0 = 0;
export const VM_EVENT_X86_CR3 = 1;
export const VM_EVENT_X86_CR4 = 2;
export const VM_EVENT_X86_XCR0 = 3;

export const vm_event_x86_selector_reg = struct('vm_event_x86_selector_reg', [
  ['limit', bits(uint32_t, 20)],
  ['ar', bits(uint32_t, 12)],
]);

export const vm_event_regs_x86 = struct('vm_event_regs_x86', [
  ['rax', uint64_t],
  ['rcx', uint64_t],
  ['rdx', uint64_t],
  ['rbx', uint64_t],
  ['rsp', uint64_t],
  ['rbp', uint64_t],
  ['rsi', uint64_t],
  ['rdi', uint64_t],
  ['r8', uint64_t],
  ['r9', uint64_t],
  ['r10', uint64_t],
  ['r11', uint64_t],
  ['r12', uint64_t],
  ['r13', uint64_t],
  ['r14', uint64_t],
  ['r15', uint64_t],
  ['rflags', uint64_t],
  ['dr6', uint64_t],
  ['dr7', uint64_t],
  ['rip', uint64_t],
  ['cr0', uint64_t],
  ['cr2', uint64_t],
  ['cr3', uint64_t],
  ['cr4', uint64_t],
  ['sysenter_cs', uint64_t],
  ['sysenter_esp', uint64_t],
  ['sysenter_eip', uint64_t],
  ['msr_efer', uint64_t],
  ['msr_star', uint64_t],
  ['msr_lstar', uint64_t],
  ['gdtr_base', uint64_t],
  ['npt_base', uint64_t],
  ['vmtrace_pos', uint64_t],
  ['cs_base', uint32_t],
  ['ss_base', uint32_t],
  ['ds_base', uint32_t],
  ['es_base', uint32_t],
  ['fs_base', uint64_t],
  ['gs_base', uint64_t],
  ['cs', vm_event_x86_selector_reg],
  ['ss', vm_event_x86_selector_reg],
  ['ds', vm_event_x86_selector_reg],
  ['es', vm_event_x86_selector_reg],
  ['fs', vm_event_x86_selector_reg],
  ['gs', vm_event_x86_selector_reg],
  ['shadow_gs', uint64_t],
  ['gdtr_limit', uint16_t],
  ['cs_sel', uint16_t],
  ['ss_sel', uint16_t],
  ['ds_sel', uint16_t],
  ['es_sel', uint16_t],
  ['fs_sel', uint16_t],
  ['gs_sel', uint16_t],
  ['_pad', uint16_t],
]);

export const vm_event_regs_arm = struct('vm_event_regs_arm', [
  ['ttbr0', uint64_t],
  ['ttbr1', uint64_t],
  ['ttbcr', uint64_t],
  ['pc', uint64_t],
  ['cpsr', uint64_t],
]);

export const MEM_ACCESS_R = 1 << 0;
export const MEM_ACCESS_W = 1 << 1;
export const MEM_ACCESS_X = 1 << 2;
export const MEM_ACCESS_RWX = MEM_ACCESS_R | MEM_ACCESS_W | MEM_ACCESS_X;
export const MEM_ACCESS_RW = MEM_ACCESS_R | MEM_ACCESS_W;
export const MEM_ACCESS_RX = MEM_ACCESS_R | MEM_ACCESS_X;
export const MEM_ACCESS_WX = MEM_ACCESS_W | MEM_ACCESS_X;
export const MEM_ACCESS_GLA_VALID = 1 << 3;
export const MEM_ACCESS_FAULT_WITH_GLA = 1 << 4;
export const MEM_ACCESS_FAULT_IN_GPT = 1 << 5;

export const vm_event_mem_access = struct('vm_event_mem_access', [
  ['gfn', uint64_t],
  ['offset', uint64_t],
  ['gla', uint64_t],
  ['flags', uint32_t],
  ['_pad', uint32_t],
]);

export const vm_event_write_ctrlreg = struct('vm_event_write_ctrlreg', [
  ['index', uint32_t],
  ['_pad', uint32_t],
  ['new_value', uint64_t],
  ['old_value', uint64_t],
]);

export const vm_event_singlestep = struct('vm_event_singlestep', [['gfn', uint64_t]]);

export const vm_event_fast_singlestep = struct('vm_event_fast_singlestep', [['p2midx', uint16_t]]);

export const vm_event_debug = struct('vm_event_debug', [
  ['gfn', uint64_t],
  ['pending_dbg', uint64_t],
  ['insn_length', uint32_t],
  ['type', uint8_t],
  ['_pad', uint8_t, 3],
]);

export const vm_event_mov_to_msr = struct('vm_event_mov_to_msr', [
  ['msr', uint64_t],
  ['new_value', uint64_t],
  ['old_value', uint64_t],
]);

export const VM_EVENT_DESC_IDTR = 1;
export const VM_EVENT_DESC_GDTR = 2;
export const VM_EVENT_DESC_LDTR = 3;
export const VM_EVENT_DESC_TR = 4;

export const vm_event_desc_access = struct('vm_event_desc_access', [
  [
    'arch',
    inlineUnion([
      [
        'vmx',
        inlineStruct([
          ['instr_info', uint32_t],
          ['_pad1', uint32_t],
          ['exit_qualification', uint64_t],
        ]),
      ],
    ]),
  ],
  ['descriptor', uint8_t],
  ['is_write', uint8_t],
  ['_pad', uint8_t, 6],
]);

export const vm_event_cpuid = struct('vm_event_cpuid', [
  ['insn_length', uint32_t],
  ['leaf', uint32_t],
  ['subleaf', uint32_t],
  ['_pad', uint32_t],
]);

export const vm_event_interrupt_x86 = struct('vm_event_interrupt_x86', [
  ['vector', uint32_t],
  ['type', uint32_t],
  ['error_code', uint32_t],
  ['_pad', uint32_t],
  ['cr2', uint64_t],
]);

export const MEM_PAGING_DROP_PAGE = 1 << 0;
export const MEM_PAGING_EVICT_FAIL = 1 << 1;

export const vm_event_paging = struct('vm_event_paging', [
  ['gfn', uint64_t],
  ['p2mt', uint32_t],
  ['flags', uint32_t],
]);

export const vm_event_sharing = struct('vm_event_sharing', [
  ['gfn', uint64_t],
  ['p2mt', uint32_t],
  ['_pad', uint32_t],
]);

export const vm_event_emul_read_data = struct('vm_event_emul_read_data', [
  ['size', uint32_t],
  ['data', uint8_t, 340],
]);

export const vm_event_emul_insn_data = struct('vm_event_emul_insn_data', [['data', uint8_t, 16]]);

export const vm_event_vmexit = struct('vm_event_vmexit', [
  [
    'arch',
    inlineStruct([
      [
        'vmx',
        inlineStruct([
          ['reason', uint64_t],
          ['qualification', uint64_t],
        ]),
      ],
    ]),
  ],
]);

export const vm_event_st = struct('vm_event_st', [
  ['version', uint32_t],
  ['flags', uint32_t],
  ['reason', uint32_t],
  ['vcpu_id', uint32_t],
  ['altp2m_idx', uint16_t],
  ['_pad', uint16_t, 3],
  [
    'u',
    inlineUnion([
      ['mem_paging', vm_event_paging],
      ['mem_sharing', vm_event_sharing],
      ['mem_access', vm_event_mem_access],
      ['write_ctrlreg', vm_event_write_ctrlreg],
      ['mov_to_msr', vm_event_mov_to_msr],
      ['desc_access', vm_event_desc_access],
      ['singlestep', vm_event_singlestep],
      ['fast_singlestep', vm_event_fast_singlestep],
      ['software_breakpoint', vm_event_debug],
      ['debug_exception', vm_event_debug],
      ['cpuid', vm_event_cpuid],
      ['vmexit', vm_event_vmexit],
      ['interrupt', inlineUnion([['x86', vm_event_interrupt_x86]])],
    ]),
  ],
  [
    'data',
    inlineUnion([
      [
        'regs',
        inlineUnion([
          ['x86', vm_event_regs_x86],
          ['arm', vm_event_regs_arm],
        ]),
      ],
      [
        'emul',
        inlineUnion([
          ['read', vm_event_emul_read_data],
          ['insn', vm_event_emul_insn_data],
        ]),
      ],
    ]),
  ],
]);

export const vm_event_request_t = typedef(vm_event_st, 'vm_event_request_t');

export const vm_event_response_t = typedef(vm_event_st, 'vm_event_response_t');

export const vm_event_ring = ringTypes('vm_event', vm_event_request_t, vm_event_response_t);
