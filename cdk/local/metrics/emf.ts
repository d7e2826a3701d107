import { z } from 'zod';
import type { Datapoint } from './metric-store.ts';

/** A figure, or several of the same. */
const figuresSchema = z.array(z.number()).max(100);
const metadataSchema = z.object({
  Timestamp: z.number().int(),
  CloudWatchMetrics: z.array(
    z.object({
      Namespace: z.string().min(1).max(1_024),
      Dimensions: z.array(z.array(z.string()).max(30)),
      Metrics: z.array(z.object({ Name: z.string().min(1) })).max(100),
    }),
  ),
});

/** What was read out of a line: figures, or why there are none although it says there were. */
export type EmfLine =
  | { readonly kind: 'figures'; readonly datapoints: readonly Datapoint[] }
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * Figures in a line of a function's log: CloudWatch's embedded metric format. CloudWatch passes
 * over a line that is nearly in it, without a word. Undefined: the line does not claim to be.
 */
export function readEmf(line: string): EmfLine | undefined {
  if (!line.startsWith('{') || !line.includes('"_aws"')) return undefined;
  try {
    const root = z.record(z.string(), z.unknown()).parse(JSON.parse(line));
    const { Timestamp: atMs, CloudWatchMetrics: groups } = metadataSchema.parse(root['_aws']);
    const datapoints = groups.flatMap(({ Namespace: namespace, Dimensions: sets, Metrics }) =>
      sets.flatMap((names) => {
        const dimensions = Object.fromEntries(
          names.map((name) => [name, z.string().min(1).parse(root[name])]),
        );
        return Metrics.flatMap(({ Name: name }) =>
          figuresSchema
            .parse([root[name]].flat())
            .map((value) => ({ metric: { namespace, name, dimensions }, value, atMs })),
        );
      }),
    );
    return { kind: 'figures', datapoints };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return { kind: 'bad', reason };
  }
}
