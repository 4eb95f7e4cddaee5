// What the page says, in its languages, and how it writes numbers there.

import { words } from "./answers.js";

const TEXTS = {
  en: {
    title: "{target} from a photo",
    choose: "Drop photos here or choose files",
    formats: "JPEG, PNG, TIFF, WebP or BMP, up to {size} each. Photos are not stored.",
    camera: "Take a photo",
    features: "More details (optional)",
    featuresHint: "They apply to all photos on this page. Leave empty what you do not know.",
    unknown: "unknown",
    notANumber: "“{written}” is not a number, so it is not used.",
    twoReadings: "“{written}” may mean {small} or {large}, so it is not used. Please write {small}0 or {large}.",
    typical: "typical: {value}",
    keyLabel: "This server requires a key",
    keyButton: "Continue",
    photos: "Photos",
    results: "Results",
    download: "Download as CSV",
    clear: "Remove all",
    again: "Try again ({count})",
    newModel: "The server has a new model; all photos are predicted with it.",
    photoName: "Name",
    nameOf: "Name for {name}",
    measured: "Measured",
    trueClass: "True class",
    export: "Export all (zip)",
    packing: "Packing: {done} of {all} photos.",
    kept: "Photos kept on this device: {all}. Not exported yet: {open}.",
    exported: "Photos exported: {all}, with a label: {values}.",
    exportFailed: "The export failed: {message}. Nothing is lost; try again.",
    unreadPhotos: "These could not be read and are missing: {names}.",
    room: "Room for about {count} more: export, then remove photos.",
    full: "The storage of this device is full. Photos that are not kept: {count}. Do not close this page: export, then remove photos.",
    keptNowhere: "This browser keeps no photos, maybe because the window is private. Export before you close this page.",
    notLasting: "If the device runs out of storage, the browser may delete them: export every day, or install this page.",
    wrongValues: "Measured values that are not clear numbers, and count as missing: {count}.",
    removeMeasured: "This photo and what was measured have not been exported. Remove them for good?",
    removeOpen: "Not exported yet: {open} of {all} photos. Remove all for good?",
    removeExported: "All photos ({all}) have been exported. Is the zip where it belongs? Then they can be removed from this device.",
    detailsFromNow: "They apply to the photos that you take from now on. Leave empty what you do not know.",
    about: "About this model",
    working: "Analysing …",
    progress: "{done} of {all} photos done.",
    allDone: "All photos done: {good} with a prediction, {bad} without.",
    range: "{low} to {high}",
    oneOf: "Most likely one of: {names}",
    cannotTell: "Cannot tell",
    anyOf: "It may be any of: {names}",
    unlikeNumber: "This photo looks different from the training photos. Do not rely on this number.",
    unlikeClass: "This photo looks different from the training photos. Do not rely on this answer.",
    look: "What did it look at?",
    lookAway: "Show only the photo",
    lookedNumber: "It looked mostly at {region}. Covering that lowers the prediction by {change}.",
    lookedClass: "It looked mostly at {region}. Covering that lowers the confidence from {before} to {after}.",
    lookedNowhere: "No single part speaks for this: whatever is covered, the prediction does not fall.",
    remove: "Remove {name}",
    file: "Photo",
    name: "Name",
    prediction: "Prediction",
    low: "from",
    high: "to",
    confidence: "Confidence",
    remark: "Note",
    measuredNumber: "On {samples} test photos that it had never seen, the model was off by {error} on average.",
    measuredClass: "Of {samples} test photos that it had never seen, the model got {share} right.",
    coverageNumber: "The true value is in the given range in about {share} of cases.",
    coverageClass: "The true class is among those named in about {share} of cases.",
    notMeasured: "There are no test results for this model.",
    version: "Version {version}.",
    loading: "Getting ready: {share}",
    newer: "A newer version of this page or of its model is here.",
    loadNewer: "Load it",
    speed: "A photo takes {time} on this device.",
    smaller: "This is a smaller copy of the model ({format}): {metric} {value} on the test photos, instead of {exact}.",
    accuracy: "accuracy",
    versionAndCommit: "Version {version}, commit {commit}.",
    regions: [
      "the top left", "the top", "the top right",
      "the left", "the middle", "the right",
      "the bottom left", "the bottom", "the bottom right",
    ],
    errors: {
      not_an_image: "This file cannot be read as a photo. Use JPEG, PNG, TIFF, WebP or BMP.",
      heic: "HEIC photos cannot be read here. Export the photo as JPEG, or set the camera to “Most Compatible”.",
      too_large: "This file is too large: the limit is {size} per photo.",
      too_many_pixels: "This photo has too many pixels: the limit is {pixels} megapixels.",
      too_many_scans: "This JPEG is stored in too many passes. Open it in an image editor and save it again, not as “progressive”.",
      too_costly: "This photo takes too long to read. Open it in an image editor and save it again as JPEG.",
      damaged: "This photo is damaged and cannot be read completely.",
      empty: "This file is empty.",
      unreadable: "This file could not be read. If it is a folder, choose the photos in it.",
      busy: "The server is busy. Try again in a moment.",
      too_slow: "This took too long. Try again in a moment.",
      no_memory: "The server does not have enough memory for this photo right now. Try again later, or use a smaller photo.",
      no_prediction: "The model could not work out a result for this photo. If you entered more details, check them.",
      no_image: "No photo reached the server. Choose it again.",
      too_many_images: "Too many photos were sent at once.",
      no_key: "This key is not correct.",
      no_server: "The server does not respond. Is it still running?",
      bad_features: "One of the details is not valid: {message}",
      wrong_host: "The server does not know itself under this address. Whoever runs it can admit it with --allow-host.",
      wrong_site: "The server does not accept photos from this page. Whoever runs it can admit it with --origin.",
      bad_form: "The server did not understand what was sent. Reload the page and try again.",
      bad_request: "The server did not understand what was sent. Reload the page and try again.",
      not_found: "This server does not offer that. Reload the page.",
      wrong_method: "This server does not offer that. Reload the page.",
      internal: "The server made a mistake with this photo. Its log says why.",
      other: "Something went wrong: {message}",
    },
  },
  de: {
    title: "{target} per Foto bestimmen",
    choose: "Fotos hierher ziehen oder auswählen",
    formats: "JPEG, PNG, TIFF, WebP oder BMP, höchstens {size} pro Foto. Die Fotos werden nicht gespeichert.",
    camera: "Foto aufnehmen",
    features: "Weitere Angaben (freiwillig)",
    featuresHint: "Sie gelten für alle Fotos auf dieser Seite. Was Sie nicht wissen, lassen Sie einfach leer.",
    unknown: "unbekannt",
    notANumber: "„{written}“ ist keine Zahl und wird nicht verwendet.",
    twoReadings: "„{written}“ kann {small} oder {large} heißen und wird nicht verwendet. Bitte schreiben Sie {small}0 oder {large}.",
    typical: "typisch: {value}",
    keyLabel: "Für diesen Server brauchen Sie einen Zugangsschlüssel",
    keyButton: "Weiter",
    photos: "Fotos",
    results: "Ergebnisse",
    download: "Als CSV herunterladen",
    clear: "Alle entfernen",
    again: "Erneut versuchen ({count})",
    newModel: "Der Server hat ein neues Modell; alle Fotos werden damit neu ausgewertet.",
    photoName: "Name",
    nameOf: "Name für {name}",
    measured: "Gemessen",
    trueClass: "Richtige Klasse",
    export: "Alle exportieren (ZIP)",
    packing: "Wird gepackt: {done} von {all} Fotos.",
    kept: "Auf diesem Gerät gespeicherte Fotos: {all}. Noch nicht exportiert: {open}.",
    exported: "Exportierte Fotos: {all}, davon mit Messwert oder Klasse: {values}.",
    exportFailed: "Der Export ist fehlgeschlagen: {message}. Es ist nichts verloren; versuchen Sie es noch einmal.",
    unreadPhotos: "Diese ließen sich nicht lesen und fehlen: {names}.",
    room: "Platz für weitere: etwa {count}. Exportieren Sie, und entfernen Sie dann Fotos.",
    full: "Der Speicher dieses Geräts ist voll. Nicht gespeicherte Fotos: {count}. Schließen Sie diese Seite nicht: Exportieren Sie, und entfernen Sie dann Fotos.",
    keptNowhere: "Dieser Browser speichert keine Fotos, vielleicht weil das Fenster privat ist. Exportieren Sie, bevor Sie diese Seite schließen.",
    notLasting: "Wird der Speicher knapp, kann der Browser sie löschen: Exportieren Sie täglich, oder installieren Sie diese Seite.",
    wrongValues: "Messwerte, die keine eindeutigen Zahlen sind und als fehlend gelten: {count}.",
    removeMeasured: "Dieses Foto und sein Messwert sind noch nicht exportiert. Beides endgültig entfernen?",
    removeOpen: "Noch nicht exportiert: {open} von {all} Fotos. Alle endgültig entfernen?",
    removeExported: "Alle Fotos ({all}) sind exportiert. Ist die ZIP-Datei am richtigen Ort? Dann können sie von diesem Gerät entfernt werden.",
    detailsFromNow: "Sie gelten für die Fotos, die Sie von jetzt an aufnehmen. Was Sie nicht wissen, lassen Sie einfach leer.",
    about: "Über dieses Modell",
    working: "Wird ausgewertet …",
    progress: "{done} von {all} Fotos ausgewertet.",
    allDone: "Alle Fotos ausgewertet: {good} mit Ergebnis, {bad} ohne.",
    range: "{low} bis {high}",
    oneOf: "Infrage kommen: {names}",
    cannotTell: "Nicht zu erkennen",
    anyOf: "Alles ist möglich: {names}",
    unlikeNumber: "Dieses Foto weicht stark von den Trainingsfotos ab. Verlassen Sie sich nicht auf diesen Wert.",
    unlikeClass: "Dieses Foto weicht stark von den Trainingsfotos ab. Verlassen Sie sich nicht auf dieses Ergebnis.",
    look: "Worauf kam es an?",
    lookAway: "Nur das Foto zeigen",
    lookedNumber: "Entscheidend war vor allem der Bereich {region}. Wird er verdeckt, sinkt das Ergebnis um {change}.",
    lookedClass: "Entscheidend war vor allem der Bereich {region}. Wird er verdeckt, sinkt die Sicherheit von {before} auf {after}.",
    lookedNowhere: "Keine einzelne Stelle spricht dafür: Egal, was verdeckt wird, das Ergebnis sinkt nicht.",
    remove: "{name} entfernen",
    file: "Foto",
    name: "Name",
    prediction: "Ergebnis",
    low: "von",
    high: "bis",
    confidence: "Sicherheit",
    remark: "Hinweis",
    measuredNumber: "Bei {samples} Testfotos, die das Modell nicht kannte, lag es im Mittel um {error} daneben.",
    measuredClass: "Von {samples} Testfotos, die das Modell nicht kannte, hat es {share} richtig erkannt.",
    coverageNumber: "In etwa {share} der Fälle liegt der wahre Wert im angegebenen Bereich.",
    coverageClass: "In etwa {share} der Fälle ist die richtige Klasse unter den genannten.",
    notMeasured: "Für dieses Modell liegen keine Testergebnisse vor.",
    version: "Version {version}.",
    loading: "Wird vorbereitet: {share}",
    newer: "Es gibt eine neuere Fassung dieser Seite oder ihres Modells.",
    loadNewer: "Jetzt laden",
    speed: "Ein Foto dauert auf diesem Gerät {time}.",
    smaller: "Dies ist eine kleinere Fassung des Modells ({format}): {metric} {value} bei den Testfotos statt {exact}.",
    accuracy: "Genauigkeit",
    versionAndCommit: "Version {version}, Commit {commit}.",
    regions: [
      "oben links", "oben", "oben rechts",
      "links", "in der Mitte", "rechts",
      "unten links", "unten", "unten rechts",
    ],
    errors: {
      not_an_image: "Diese Datei lässt sich nicht als Foto öffnen. Möglich sind JPEG, PNG, TIFF, WebP und BMP.",
      heic: "HEIC-Fotos lassen sich hier nicht öffnen. Exportieren Sie das Foto als JPEG oder stellen Sie die Kamera auf „Maximale Kompatibilität“.",
      too_large: "Diese Datei ist zu groß: Erlaubt sind höchstens {size} pro Foto.",
      too_many_pixels: "Dieses Foto hat zu viele Pixel: Erlaubt sind höchstens {pixels} Megapixel.",
      too_many_scans: "Dieses JPEG ist in zu vielen Durchgängen gespeichert. Öffnen Sie es in einer Bildbearbeitung und speichern Sie es neu, aber nicht „progressiv“.",
      too_costly: "Dieses Foto zu lesen dauert zu lange. Öffnen Sie es in einer Bildbearbeitung und speichern Sie es neu als JPEG.",
      damaged: "Dieses Foto ist beschädigt und lässt sich nicht vollständig lesen.",
      empty: "Diese Datei ist leer.",
      unreadable: "Diese Datei ließ sich nicht lesen. Falls es ein Ordner ist, wählen Sie bitte die Fotos darin aus.",
      busy: "Der Server ist ausgelastet. Bitte versuchen Sie es gleich noch einmal.",
      too_slow: "Das hat zu lange gedauert. Bitte versuchen Sie es gleich noch einmal.",
      no_memory: "Der Server hat gerade zu wenig Speicher für dieses Foto. Versuchen Sie es später noch einmal oder nehmen Sie ein kleineres Foto.",
      no_prediction: "Das Modell konnte für dieses Foto kein Ergebnis berechnen. Falls Sie weitere Angaben gemacht haben, prüfen Sie sie bitte.",
      no_image: "Beim Server ist kein Foto angekommen. Bitte wählen Sie es noch einmal aus.",
      too_many_images: "Es wurden zu viele Fotos auf einmal gesendet.",
      no_key: "Dieser Schlüssel stimmt nicht.",
      no_server: "Der Server antwortet nicht. Läuft er noch?",
      bad_features: "Eine der weiteren Angaben ist ungültig: {message}",
      wrong_host: "Der Server kennt sich unter dieser Adresse nicht. Wer ihn betreibt, kann sie mit --allow-host zulassen.",
      wrong_site: "Der Server nimmt von dieser Seite keine Fotos an. Wer ihn betreibt, kann sie mit --origin zulassen.",
      bad_form: "Der Server hat die Anfrage nicht verstanden. Laden Sie die Seite neu und versuchen Sie es noch einmal.",
      bad_request: "Der Server hat die Anfrage nicht verstanden. Laden Sie die Seite neu und versuchen Sie es noch einmal.",
      not_found: "Das bietet dieser Server nicht an. Laden Sie die Seite neu.",
      wrong_method: "Das bietet dieser Server nicht an. Laden Sie die Seite neu.",
      internal: "Bei diesem Foto ist dem Server ein Fehler unterlaufen. Näheres steht in seinem Protokoll.",
      other: "Da ist etwas schiefgegangen: {message}",
    },
  },
};

for (const [name, { errors, ...texts }] of Object.entries(words)) {
  Object.assign(TEXTS[name], texts);
  Object.assign(TEXTS[name].errors, errors);
}

const STORED_LANGUAGE = "specimen-language";
let language = remembered() ?? (navigator.language.toLowerCase().startsWith("de") ? "de" : "en");
if (!(language in TEXTS)) language = "en";

// The browser may be set to store nothing, and then throws.
function remembered() {
  try {
    return localStorage.getItem(STORED_LANGUAGE);
  } catch {
    return null;
  }
}

export const currentLanguage = () => language;

export function setLanguage(chosen) {
  language = chosen;
  try {
    localStorage.setItem(STORED_LANGUAGE, chosen);
  } catch {
    // The choice is lost when the page is left.
  }
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export const text = (key, values = {}) => fill(TEXTS[language][key], values);

export const errorText = (code, values = {}) => fill(TEXTS[language].errors[code] ?? TEXTS[language].errors.other, values);

export const regionName = (index) => TEXTS[language].regions[index];

export const number = (value, options = { maximumSignificantDigits: 3 }) => new Intl.NumberFormat(language, options).format(value);

export const plain = (name) => name.replaceAll("_", " ");

export const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 });

// Of less than a second: milliseconds.
export function duration(seconds) {
  const [value, unit] = seconds < 1 ? [1000 * seconds, "millisecond"] : [seconds, "second"];
  return number(value, { style: "unit", unit, maximumSignificantDigits: 2 });
}

export const megabytes = (bytes) => `${number(bytes / 1e6)}\u00a0MB`;

// Two significant digits of the width of the range, so that its ends differ; without a range, three significant digits.
export function amounts({ prediction, low, high, unit }) {
  const width = high - low;
  const decimals = width > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(width)), 0), 10) : null;
  const options = decimals === null ? undefined : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const write = (value) => (value === null || value === undefined ? "" : number(value, options));
  return { prediction: write(prediction), low: write(low), high: write(high), unit };
}

export const withUnit = (value, unit) => (unit ? `${value}\u00a0${unit}` : value);
