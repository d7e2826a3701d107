import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Change, Condition, Value } from '#functions/store/table.ts';
import { unreachable } from '#shared/kernel/assert.ts';

/**
 * Writes conditions and changes in DynamoDB's expression language. Every name and value goes in as
 * a placeholder, so reserved words and injected text mean nothing.
 */
export class Expression {
  readonly #names = new Map<string, string>();
  readonly #values: Record<string, AttributeValue> = {};
  #valueCount = 0;

  /** `ConditionExpression` text; undefined where nothing is asked. */
  condition(condition: Condition): string | undefined {
    return condition.kind === 'always' ? undefined : this.#text(condition);
  }

  /** `UpdateExpression` text. */
  change(change: Change): string {
    const set = Object.entries(change.set ?? {}).map(
      ([name, value]) => `${this.#name(name)} = ${this.#value(value)}`,
    );
    for (const [name, values] of Object.entries(change.append ?? {})) {
      const path = this.#name(name);
      const empty = this.#value([]);
      const tail = this.#value(values);
      set.push(`${path} = list_append(if_not_exists(${path}, ${empty}), ${tail})`);
    }
    const add = Object.entries(change.add ?? {}).map(
      ([name, value]) => `${this.#name(name)} ${this.#value(value)}`,
    );
    const remove = (change.remove ?? []).map((name) => this.#name(name));
    return [
      set.length > 0 ? `SET ${set.join(', ')}` : '',
      add.length > 0 ? `ADD ${add.join(', ')}` : '',
      remove.length > 0 ? `REMOVE ${remove.join(', ')}` : '',
    ]
      .filter((clause) => clause !== '')
      .join(' ');
  }

  /** The placeholders used so far, as the request wants them. */
  placeholders(): {
    ExpressionAttributeNames?: Record<string, string>;
    ExpressionAttributeValues?: Record<string, AttributeValue>;
  } {
    return {
      ...(this.#names.size > 0 && {
        ExpressionAttributeNames: Object.fromEntries(
          [...this.#names].map(([name, placeholder]) => [placeholder, name]),
        ),
      }),
      ...(this.#valueCount > 0 && { ExpressionAttributeValues: this.#values }),
    };
  }

  #text(condition: Condition): string {
    switch (condition.kind) {
      case 'always':
        return this.#text({ kind: 'any', of: [] });
      case 'present':
        return `attribute_exists(${this.#name(condition.attribute)})`;
      case 'absent':
        return `attribute_not_exists(${this.#name(condition.attribute)})`;
      case 'compare': {
        const value = this.#value(condition.value);
        return `${this.#name(condition.attribute)} ${condition.comparison} ${value}`;
      }
      case 'size-below':
        return `size(${this.#name(condition.attribute)}) < ${this.#value(condition.limit)}`;
      case 'all':
        return this.#joined(condition.of, ' AND ');
      case 'any':
        return this.#joined(condition.of, ' OR ');
      default:
        return unreachable(condition);
    }
  }

  /** DynamoDB refuses redundant parentheses: one part alone has none of its own. */
  #joined(parts: readonly Condition[], operator: string): string {
    const texts = parts.map((part) => this.#text(part));
    return texts.length === 1 ? texts.join('') : `(${texts.join(operator)})`;
  }

  #name(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const placeholder = `#n${this.#names.size}`;
    this.#names.set(name, placeholder);
    return placeholder;
  }

  #value(value: Value): string {
    const placeholder = `:v${this.#valueCount}`;
    this.#valueCount += 1;
    this.#values[placeholder] = marshall({ value })['value'] as AttributeValue;
    return placeholder;
  }
}
