/** From a probe's plan to a link in the kernel: one line a kind of attachment. */
import { onlineCpus } from '../kernel/cpus.ts';
import { attachIterator } from '../kernel/link/iterator.ts';
import { attachKprobe, attachKretprobe } from '../kernel/link/kprobe.ts';
import type { Link } from '../kernel/link/link.ts';
import { attachPerfEvent } from '../kernel/link/perf-event.ts';
import { attachRawTracepoint } from '../kernel/link/raw-tracepoint.ts';
import { attachTracepoint } from '../kernel/link/tracepoint.ts';
import { attachTracing } from '../kernel/link/tracing.ts';
import { attachUprobe, attachUretprobe } from '../kernel/link/uprobe.ts';
import { attachUprobes } from '../kernel/link/uprobe-multi.ts';
import { resolveUserFunction } from '../kernel/link/user-function.ts';
import type { Program } from '../kernel/program/program.ts';
import { AttachType } from '../kernel/spec.ts';
import type { ProbePlan } from './probe/plan.ts';
import { eventNumber } from './probe/sampling.ts';

/** PERF_TYPE_HARDWARE and PERF_TYPE_SOFTWARE of include/uapi/linux/perf_event.h. */
const perfTypes = { hardware: 0, software: 1 } as const;

/** Throws AttachError, or ElfError for a file that is no program. */
export function attach(program: Program, plan: Pick<ProbePlan, 'title' | 'attachment' | 'attachType'>): Link {
  const { attachment } = plan;
  switch (attachment.kind) {
    case 'tracing':
      return attachTracing(program, { target: plan.title });
    case 'tracepoint':
      return attachTracepoint(program, `${attachment.category}:${attachment.name}`);
    case 'rawTracepoint':
      return attachRawTracepoint(program, attachment.name);
    case 'iterator':
      return attachIterator(program, { target: plan.title });
    case 'kprobe':
      if (attachment.retprobe) return attachKretprobe(program, attachment.symbol);
      return attachKprobe(program, attachment.symbol, { offset: attachment.offset });
    case 'uprobe': {
      const { path, offset } = resolveUserFunction(
        program.name,
        attachment.path,
        attachment.symbol,
        attachment.offset,
      );
      const target = { path, offset, ...(attachment.symbol ? { symbol: attachment.symbol } : {}) };
      if (plan.attachType === AttachType.traceUprobeMulti) {
        return attachUprobes(program, { path, places: [target], atReturn: attachment.retprobe });
      }
      return attachment.retprobe ? attachUretprobe(program, target) : attachUprobe(program, target);
    }
    case 'perf': {
      const { frequency, period } = attachment;
      return attachPerfEvent(program, {
        type: perfTypes[attachment.type],
        event: eventNumber(attachment.type, attachment.event),
        ...(frequency === undefined ? { period: BigInt(period ?? 1) } : { frequency }),
        ...(attachment.everyCpu ? {} : { cpus: onlineCpus().slice(0, 1) }),
      });
    }
  }
}
