// What the page says, in its languages, and how it writes numbers there.

const TEXTS = {
  en: {
    title: "{target}, from a photo",
    choose: "Drop photos here, or choose them",
    formats: "JPEG, PNG, TIFF, WebP or BMP, up to {size} each. They are looked at, and not kept.",
    camera: "Take a photo",
    features: "What else you know (optional)",
    featuresHint: "It counts for all photos on this page. What stays empty is taken as unknown.",
    unknown: "unknown",
    typical: "usual: {value}",
    keyLabel: "This server wants its key",
    keyButton: "Go on",
    photos: "Photos",
    results: "Results",
    download: "Download as CSV",
    clear: "Remove all",
    about: "About this model",
    working: "Looking at it …",
    progress: "{done} of {all} photos done.",
    allDone: "All photos done: {good} with a prediction, {bad} without.",
    range: "{low} to {high}",
    sure: "{share} sure",
    oneOf: "Most likely one of: {names}",
    unlike: "Does not look like the training photos; do not rely on this number.",
    unlikeClass: "Does not look like the training photos; do not rely on this answer.",
    look: "What did it look at?",
    lookAway: "Show the photo",
    looked: "It looked most at {place}. With that covered, the prediction changes by {change}.",
    lookedNowhere: "No single part matters: whatever is covered, the prediction stays.",
    remove: "Remove {name}",
    file: "Photo",
    prediction: "Prediction",
    low: "from",
    high: "to",
    confidence: "Sure",
    remark: "Remark",
    measuredNumber: "On {samples} test photos that it had never seen, it was off by {error} on average.",
    measuredClass: "Of {samples} test photos that it had never seen, it named {share} right.",
    coverageNumber: "In about {share} of cases the true value lies in the range given.",
    coverageClass: "In about {share} of cases the true class is among those named.",
    notMeasured: "There are no measurements of this very model here.",
    version: "Version {version}.",
    places: [
      "the top left", "the top", "the top right",
      "the left", "the middle", "the right",
      "the bottom left", "the bottom", "the bottom right",
    ],
    errors: {
      not_an_image: "This is not a photo that can be read here. JPEG, PNG, TIFF, WebP and BMP can.",
      heic: "This is an HEIC photo, which cannot be read here. Export it as JPEG, or set the camera to “most compatible”.",
      too_large: "This file is too large: at most {size} each.",
      too_many_pixels: "This photo has too many pixels: at most {pixels} million.",
      damaged: "This photo is damaged and cannot be read to its end.",
      empty: "This file is empty.",
      unreadable: "This file could not be read. If it is a folder, choose the photos in it.",
      busy: "The server is busy. Try again in a moment.",
      too_slow: "This took too long. Try again in a moment.",
      no_key: "The key is not the right one.",
      no_server: "The server does not answer. Is it still running?",
      bad_features: "Something in “What else you know” does not fit: {message}",
      other: "Something went wrong: {message}",
    },
  },
  de: {
    title: "{target}, aus einem Foto",
    choose: "Fotos hier ablegen oder auswählen",
    formats: "JPEG, PNG, TIFF, WebP oder BMP, bis {size} je Foto. Sie werden angesehen und nicht aufbewahrt.",
    camera: "Foto aufnehmen",
    features: "Was Sie sonst wissen (freiwillig)",
    featuresHint: "Es gilt für alle Fotos auf dieser Seite. Was leer bleibt, gilt als unbekannt.",
    unknown: "unbekannt",
    typical: "üblich: {value}",
    keyLabel: "Dieser Server verlangt seinen Schlüssel",
    keyButton: "Weiter",
    photos: "Fotos",
    results: "Ergebnisse",
    download: "Als CSV herunterladen",
    clear: "Alle entfernen",
    about: "Über dieses Modell",
    working: "Wird angesehen …",
    progress: "{done} von {all} Fotos fertig.",
    allDone: "Alle Fotos fertig: {good} mit Vorhersage, {bad} ohne.",
    range: "{low} bis {high}",
    sure: "{share} sicher",
    oneOf: "Höchstwahrscheinlich eines davon: {names}",
    unlike: "Sieht nicht aus wie die Trainingsfotos; verlassen Sie sich nicht auf diese Zahl.",
    unlikeClass: "Sieht nicht aus wie die Trainingsfotos; verlassen Sie sich nicht auf diese Antwort.",
    look: "Worauf hat es geachtet?",
    lookAway: "Foto zeigen",
    looked: "Am meisten zählt: {place}. Ist das verdeckt, ändert sich die Vorhersage um {change}.",
    lookedNowhere: "Keine einzelne Stelle zählt: Was auch verdeckt ist, die Vorhersage bleibt.",
    remove: "{name} entfernen",
    file: "Foto",
    prediction: "Vorhersage",
    low: "von",
    high: "bis",
    confidence: "Sicherheit",
    remark: "Bemerkung",
    measuredNumber: "Bei {samples} Testfotos, die es nie gesehen hatte, lag es im Mittel um {error} daneben.",
    measuredClass: "Von {samples} Testfotos, die es nie gesehen hatte, benannte es {share} richtig.",
    coverageNumber: "In etwa {share} der Fälle liegt der wahre Wert im angegebenen Bereich.",
    coverageClass: "In etwa {share} der Fälle ist die wahre Klasse unter den genannten.",
    notMeasured: "Zu genau diesem Modell liegen hier keine Messungen vor.",
    version: "Version {version}.",
    places: ["oben links", "oben", "oben rechts", "links", "die Mitte", "rechts", "unten links", "unten", "unten rechts"],
    errors: {
      not_an_image: "Das ist kein Foto, das hier gelesen werden kann. JPEG, PNG, TIFF, WebP und BMP gehen.",
      heic: "Das ist ein HEIC-Foto, das hier nicht gelesen werden kann. Bitte als JPEG exportieren oder die Kamera auf „Maximale Kompatibilität“ stellen.",
      too_large: "Diese Datei ist zu groß: höchstens {size} je Foto.",
      too_many_pixels: "Dieses Foto hat zu viele Pixel: höchstens {pixels} Millionen.",
      damaged: "Dieses Foto ist beschädigt und lässt sich nicht bis zum Ende lesen.",
      empty: "Diese Datei ist leer.",
      unreadable: "Diese Datei ließ sich nicht lesen. Ist es ein Ordner, wählen Sie bitte die Fotos darin.",
      busy: "Der Server ist ausgelastet. Bitte gleich noch einmal versuchen.",
      too_slow: "Das hat zu lange gedauert. Bitte gleich noch einmal versuchen.",
      no_key: "Der Schlüssel ist nicht der richtige.",
      no_server: "Der Server antwortet nicht. Läuft er noch?",
      bad_features: "Etwas unter „Was Sie sonst wissen“ passt nicht: {message}",
      other: "Etwas ist schiefgegangen: {message}",
    },
  },
};

const STORED = "specimen-language";
let language = remembered() ?? (navigator.language.toLowerCase().startsWith("de") ? "de" : "en");
if (!(language in TEXTS)) language = "en";

// A browser may be set to remember nothing, and then throws.
function remembered() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

export const currentLanguage = () => language;

export function setLanguage(wanted) {
  language = wanted;
  try {
    localStorage.setItem(STORED, wanted);
  } catch {
    // It holds until the page is left.
  }
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export const text = (key, values = {}) => fill(TEXTS[language][key], values);

export const errorText = (code, values = {}) => fill(TEXTS[language].errors[code] ?? TEXTS[language].errors.other, values);

export const place = (index) => TEXTS[language].places[index];

export const number = (value, options = { maximumSignificantDigits: 3 }) => new Intl.NumberFormat(language, options).format(value);

export const plain = (name) => name.replaceAll("_", " ");

export const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 });

export const megabytes = (bytes) => `${number(bytes / 1e6)}\u00a0MB`;

// Enough digits to tell the ends of the range apart, and no more; without a range, three significant digits.
export function amounts({ prediction, low, high, unit }) {
  const width = high - low;
  const decimals = width > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(width)), 0), 10) : null;
  const options = decimals === null ? undefined : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const write = (value) => (value === null || value === undefined ? "" : number(value, options));
  return { prediction: write(prediction), low: write(low), high: write(high), unit };
}

export const withUnit = (value, unit) => (unit ? `${value}\u00a0${unit}` : value);
