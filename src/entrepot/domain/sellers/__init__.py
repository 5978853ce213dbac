"""Who sells: sellers with their documents and settlement currency, and their enrolments in programme versions.

Owns the words: seller, applicant, document, tier, enrolment, acceptance.
Never changes a programme: an enrolment points to a published version.
"""
