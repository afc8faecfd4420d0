package colophon

// Clause names one article that Colophon enforces: instrument, article, and part where it matters. Each constant has a
// file of the same name in docs/law, which says in our own words what the duty is and where the official text stands; a
// test ties constants and files both ways.
type Clause string

const (
	// ClauseDS6 is Deep Synthesis Provisions Art. 6: no illegal information and no fake news; where news may be taken from.
	ClauseDS6 Clause = "ds-6"
	// ClauseDS7 is Deep Synthesis Provisions Art. 7: the provider answers for security; its systems of rules.
	ClauseDS7 Clause = "ds-7"
	// ClauseDS8 is Deep Synthesis Provisions Art. 8: rules, platform convention and service agreement, made known.
	ClauseDS8 Clause = "ds-8"
	// ClauseDS9 is Deep Synthesis Provisions Art. 9: real identity, and nothing published for the unverified.
	ClauseDS9 Clause = "ds-9"
	// ClauseDS10 is Deep Synthesis Provisions Art. 10: review of what goes in and out, and its network logs.
	ClauseDS10 Clause = "ds-10"
	// ClauseDS11 is Deep Synthesis Provisions Art. 11: false information is refuted in time, with records, and reported.
	ClauseDS11 Clause = "ds-11"
	// ClauseDS12 is Deep Synthesis Provisions Art. 12: appeals, complaints and reports, with a published procedure and limits.
	ClauseDS12 Clause = "ds-12"
	// ClauseDS13 is Deep Synthesis Provisions Art. 13: app stores check assessments and filings, and refuse, warn, suspend or delist.
	ClauseDS13 Clause = "ds-13"
	// ClauseDS14 is Deep Synthesis Provisions Art. 14: training data, and the separate consent of whose face or voice is edited.
	ClauseDS14 Clause = "ds-14"
	// ClauseDS15 is Deep Synthesis Provisions Art. 15: tools that edit faces, voices or sensitive scenes are assessed for security.
	ClauseDS15 Clause = "ds-15"
	// ClauseDS16 is Deep Synthesis Provisions Art. 16: the implicit label, and the log of what was made.
	ClauseDS16 Clause = "ds-16"
	// ClauseDS17 is Deep Synthesis Provisions Art. 17: the conspicuous notice, and the functions that need one.
	ClauseDS17 Clause = "ds-17"
	// ClauseDS18 is Deep Synthesis Provisions Art. 18: nobody removes, alters or hides a label.
	ClauseDS18 Clause = "ds-18"
	// ClauseDS19 is Deep Synthesis Provisions Art. 19: filing of algorithms, and the number shown.
	ClauseDS19 Clause = "ds-19"
	// ClauseDS20 is Deep Synthesis Provisions Art. 20: security assessment before a function goes online.
	ClauseDS20 Clause = "ds-20"
	// ClauseDS21 is Deep Synthesis Provisions Art. 21: inspection, and orders of the authorities.
	ClauseDS21 Clause = "ds-21"
	// ClauseLM4 is Labelling Measures Art. 4: the notice in each kind of content, and in every file that leaves.
	ClauseLM4 Clause = "lm-4"
	// ClauseGB5 is GB 45438-2025 5: words, size, duration and place of the notice.
	ClauseGB5 Clause = "gb45438-5"
	// ClauseLM5 is Labelling Measures Art. 5: the implicit label stands in the file's metadata.
	ClauseLM5 Clause = "lm-5"
	// ClauseLM6 is Labelling Measures Art. 6: what a platform checks, shows and adds.
	ClauseLM6 Clause = "lm-6"
	// ClauseLM7 is Labelling Measures Art. 7: app stores ask whether an app generates, and check its label materials.
	ClauseLM7 Clause = "lm-7"
	// ClauseLM8 is Labelling Measures Art. 8: the service agreement says how content is labelled.
	ClauseLM8 Clause = "lm-8"
	// ClauseLM9 is Labelling Measures Art. 9: content without a notice on a user's request.
	ClauseLM9 Clause = "lm-9"
	// ClauseLM10 is Labelling Measures Art. 10: no removal, alteration, forgery or hiding of labels, nor tools for it.
	ClauseLM10 Clause = "lm-10"
	// ClauseLM12 is Labelling Measures Art. 12: label materials go with the filing of the algorithm.
	ClauseLM12 Clause = "lm-12"
	// ClauseAR24 is Algorithm Recommendation Provisions Art. 24: filing within 10 working days, changes within 10, cancellation within 20.
	ClauseAR24 Clause = "ar-24"
	// ClauseAR25 is Algorithm Recommendation Provisions Art. 25: the authority decides within 30 working days, and gives a number.
	ClauseAR25 Clause = "ar-25"
	// ClauseAR26 is Algorithm Recommendation Provisions Art. 26: number and link to what is made public stand in a conspicuous place.
	ClauseAR26 Clause = "ar-26"
	// ClauseGB61 is GB 45438-2025 6.1: the elements of the metadata label, and one label in one file.
	ClauseGB61 Clause = "gb45438-6.1"
	// ClauseGBE is GB 45438-2025 Annex E: the format of the label.
	ClauseGBE Clause = "gb45438-e"
	// ClausePGCode is TC260-PG-20252A: the 27-character provider code.
	ClausePGCode Clause = "tc260-pg-20252a"
	// ClausePGSeal is TC260-PG-202511A: SecurityData in the reserved fields.
	ClausePGSeal Clause = "tc260-pg-202511a"
	// ClausePGPlace is TC260-PG-20257A to 202510A: the place of the label in each container.
	ClausePGPlace Clause = "tc260-pg-place"
	// ClauseSA5 is Security Assessment Provisions (2018) Art. 5: what a network log says.
	ClauseSA5 Clause = "sa-5"
	// ClauseCSL23 is Cybersecurity Law (2025) Art. 23: network logs are kept for six months at least.
	ClauseCSL23 Clause = "csl-23"
	// ClausePIPL15 is Personal Information Protection Law Art. 15: consent can be withdrawn, as easily as it was given.
	ClausePIPL15 Clause = "pipl-15"
	// ClausePIPL29 is Personal Information Protection Law Art. 29: sensitive information needs separate consent.
	ClausePIPL29 Clause = "pipl-29"
	// ClausePIPL30 is Personal Information Protection Law Art. 30: necessity and effect are told.
	ClausePIPL30 Clause = "pipl-30"
	// ClausePIPL31 is Personal Information Protection Law Art. 31: consent of the guardian for those under 14.
	ClausePIPL31 Clause = "pipl-31"
	// ClausePIPL45 is Personal Information Protection Law Art. 45: access to, and a copy of, what is kept; transfer to another.
	ClausePIPL45 Clause = "pipl-45"
	// ClausePIPL46 is Personal Information Protection Law Art. 46: what is wrong or incomplete is corrected after a check.
	ClausePIPL46 Clause = "pipl-46"
	// ClausePIPL47 is Personal Information Protection Law Art. 47: deletion, and storage alone while a period runs.
	ClausePIPL47 Clause = "pipl-47"
	// ClausePIPL49 is Personal Information Protection Law Art. 49: what close relatives of the deceased may ask for.
	ClausePIPL49 Clause = "pipl-49"
	// ClausePIPL50 is Personal Information Protection Law Art. 50: an easy way to ask for one's rights, and reasons for a refusal.
	ClausePIPL50 Clause = "pipl-50"
	// ClausePIPL55 is Personal Information Protection Law Art. 55: an impact assessment comes before.
	ClausePIPL55 Clause = "pipl-55"
	// ClausePIPL56 is Personal Information Protection Law Art. 56: impact assessments are kept for three years at least.
	ClausePIPL56 Clause = "pipl-56"
	// ClausePIPL57 is Personal Information Protection Law Art. 57: a leak is stopped at once, and authority and persons are told.
	ClausePIPL57 Clause = "pipl-57"
	// ClauseND10 is Network Data Security Regulations Art. 10: a flaw is mended at once, and a dangerous one reported within 24 hours.
	ClauseND10 Clause = "nd-10"
	// ClauseND11 is Network Data Security Regulations Art. 11: an emergency plan; what struck a person's rights is told to the person.
	ClauseND11 Clause = "nd-11"
	// ClauseIR4 is Incident Reporting Measures Art. 4: who reports a serious network security incident, to whom, and how soon.
	ClauseIR4 Clause = "ir-4"
	// ClauseIR7 is Incident Reporting Measures Art. 7: what a first report says; what is not known yet follows.
	ClauseIR7 Clause = "ir-7"
	// ClauseIR8 is Incident Reporting Measures Art. 8: a summary within 30 days of the end of the handling.
	ClauseIR8 Clause = "ir-8"
	// ClauseFR10 is Facial Recognition Measures Art. 10: a face is not the only way to verify somebody.
	ClauseFR10 Clause = "fr-10"
	// ClauseFR15 is Facial Recognition Measures Art. 15: filing once the faces of 100,000 people are stored.
	ClauseFR15 Clause = "fr-15"
	// ClauseAF22 is Anti-Telecom and Online Fraud Law Art. 22: abnormal accounts are verified anew, limited or suspended.
	ClauseAF22 Clause = "af-22"
	// ClauseGenAI7 is Generative AI Measures Art. 7: lawful training data and base models, with consent for personal information.
	ClauseGenAI7 Clause = "genai-7"
	// ClauseGenAI8 is Generative AI Measures Art. 8: rules of annotation, sampling of its quality, training of who annotates.
	ClauseGenAI8 Clause = "genai-8"
	// ClauseGenAI14 is Generative AI Measures Art. 14: illegal content, and measures against who misuses a service.
	ClauseGenAI14 Clause = "genai-14"
	// ClauseAI12 is Anthropomorphic-Interaction Measures Art. 12: age, guardian and emergency contact are asked for.
	ClauseAI12 Clause = "ai-12"
	// ClauseAI13 is Anthropomorphic-Interaction Measures Art. 13: in a crisis a person is comforted, and people step in.
	ClauseAI13 Clause = "ai-13"
	// ClauseAI14 is Anthropomorphic-Interaction Measures Art. 14: no virtual relative or partner for minors, and their mode.
	ClauseAI14 Clause = "ai-14"
	// ClauseAI18 is Anthropomorphic-Interaction Measures Art. 18: it says that it is AI, and again after two hours.
	ClauseAI18 Clause = "ai-18"
	// ClauseAI19 is Anthropomorphic-Interaction Measures Art. 19: who wants to leave can leave at once.
	ClauseAI19 Clause = "ai-19"
)
