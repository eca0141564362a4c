// Which page this is, by its address.

const address = /^\/studies\/([0-9a-f]{16})$/.exec(location.pathname);
if (address) studyPage(address[1]);
else studiesPage();
