"""A WBEM listener: takes indications over CIM-XML, shows them, and checks that none is missing."""
