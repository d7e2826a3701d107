const pollEveryMs = 20;

/**
 * Wait until `check` has nothing left to complain about. What it returns is what is missing, and
 * what the failure says when `limitMs` have passed.
 */
export async function eventually(
  check: () => string | undefined | Promise<string | undefined>,
  limitMs: number,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const missing = await check();
    if (missing === undefined) return;
    if (performance.now() >= deadline) throw new Error(`after ${limitMs} ms still: ${missing}`);
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
}
