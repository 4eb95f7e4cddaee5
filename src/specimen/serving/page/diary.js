// Where photos are kept: in the open page alone, for they are files on this computer anyway. In the site for devices without
// a network, a module of the same name keeps them on the device (specimen/site/page/diary.js).

export const diary = null;
