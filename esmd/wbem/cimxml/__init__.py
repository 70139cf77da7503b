"""CIM-XML (DSP0200 1.4, DSP0201 2.4, DSP0203 2.4): requests read, answers written; no sockets here."""
