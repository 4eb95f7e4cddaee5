// The code on the label of a pot, read from its photo where the browser can do that: bar codes, QR codes and others.

let detector = null;

// Returns what the label says; null without a label, with several that differ, or in a browser that reads none.
export async function readCode(photo) {
  if (!("BarcodeDetector" in globalThis)) return null;
  try {
    detector ??= new BarcodeDetector();
    const bitmap = await createImageBitmap(photo);
    const codes = new Set((await detector.detect(bitmap)).map(({ rawValue }) => rawValue.trim()));
    bitmap.close();
    codes.delete("");
    return codes.size === 1 ? [...codes][0].slice(0, 200) : null;
  } catch {
    return null; // the name can be typed
  }
}
